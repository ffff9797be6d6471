import { type Routed, type Sight } from '../../activities';
import { readable } from '../decisions/facts';
import { tellLingering } from '../decisions/lingering';
import { type FailoverPlan } from '../decisions/plan';
import { type RunbookReport } from '../decisions/report';
import { emergency } from './activities';
import { insist } from './insist';
import { type Mandate } from './mandate';
import { type Runbook } from './runbook';

/** Clients reach the primary from the end of this step on. Routers through which no write came are named as left over. */
export async function routeAndProve(book: Runbook, { cluster }: Sight, primary: string, uuid: string): Promise<Routed> {
  const routed = await book.step(
    'Point every router at the new primary and prove it by a write',
    () => emergency.routeWrites({ cluster, primary, uuid }),
    tellRouted,
  );
  nameUnproven(book, routed);
  return routed;
}

export function nameUnproven(book: Runbook, { routers }: Routed): void {
  for (const { router, proved, because } of routers)
    if (!proved)
      book.found.left.push(
        `router ${router} is not proven: ${because} Then start emergencyFailover again: it does what is left`,
      );
}

export const unproven = ({ routers }: Routed): string[] =>
  routers.filter((router) => !router.proved).map((router) => router.router);

export const tellRouted = ({ routers }: Routed): string =>
  routers.length === 0
    ? 'no routers in the inventory'
    : routers
        .map(({ router, proved, elapsedMs, because }) =>
          proved ? `${router}: a write came through in ${elapsedMs} ms` : `${router}: ${because}`,
        )
        .join('; ');

/** Where another server was open already, the routers may be the only proof that clients no longer reach the one it replaced. */
export function proveByRouters(book: Runbook, plan: FailoverPlan, routed: Routed | null): void {
  const routers = routed?.routers ?? [];
  if (routers.length > 0 && routers.every((router) => router.proved && router.noProof === undefined))
    book.found.fenceProofs.push(
      `every router (${routers.map((router) => router.router).join(', ')}) reads back that only ${plan.newPrimary} takes writes, and has cut the other sessions`,
    );
  if (book.found.fenceProofs.length === 0)
    book.found.left.push(
      `nothing proves that ${plan.oldPrimary} can no longer take writes (invariant 1): make sure of it now`,
    );
}

/** Clients that go by what a resolver remembers meet the old primary: harmless where it is fenced, a person's task where that is not known. */
export function nameLingering(book: Runbook, oldPrimary: string, routed: Routed | null): void {
  const [proof] = book.found.fenceProofs;
  for (const sentence of tellLingering(routed?.routers ?? [], oldPrimary))
    if (proof === undefined)
      book.found.left.push(
        `${sentence}, and nothing proves that it takes no writes (invariant 1): make sure of it now`,
      );
    else book.found.decisions.push(`${sentence}; it is fenced: ${proof}`);
}

/** The primary is well and clients do not reach it: only routers are touched. */
export async function reroute({ book, gate, sight, plan }: Mandate): Promise<RunbookReport> {
  const primary = readable(sight.sighting.snapshot.members).find((member) => member.name === plan.newPrimary);
  book.phase('route', plan.summary);
  const routed =
    primary &&
    (await insist({ gate, sight, plan }, () => routeAndProve(book, sight, primary.name, primary.serverUuid)));
  book.found.decisions.push(...tellLingering(routed?.routers ?? [], 'where it led before'));
  const dark = routed ? unproven(routed) : sight.cluster.routers.map((router) => router.name);
  return dark.length > 0
    ? book.close('failed', `No write came through ${dark.join(', ')} to ${plan.newPrimary}`)
    : book.close('done', `Every router leads to ${plan.newPrimary}, and a write came through each`);
}

import { type Preview } from '../../../activities';
import { type PlanSummary } from '../../decisions/report';
import { hashOf } from '../../decisions/plan';
import { type Refusal } from '../../decisions/refusal';
import { primaryOf } from '../../decisions/topology';
import { decideFleets, type Fleets, howToFill } from '../../decisions/upgrading/fleet';
import { costOfCancel, PHASES, whatItDoes } from '../../decisions/upgrading/phases';
import { risksToTheWayBack } from '../../decisions/upgrading/way-back';
import { type UpgradeOrder } from '../../inputs';
import { type Standing } from './standing';
import { castOf } from './turn';

export type Beginning =
  | { readonly refusals: readonly Refusal[] }
  | {
      readonly standing: Standing;
      readonly plan: PlanSummary;
      readonly wayBack: readonly Refusal[];
      /** Green servers that must be filled by a copy. */
      readonly toCopy: readonly string[];
    };

/** May this upgrade begin, and where? Everything that stands against it is named at once. */
export function judgeBeginning(order: UpgradeOrder, { cluster, snapshot }: Preview): Beginning {
  const found = primaryOf(snapshot, cluster);
  if (found.primary === null || found.state !== 'open')
    return {
      refusals: [{ sentence: `${found.because}: there is no primary that is well`, cure: 'use emergencyFailover' }],
    };
  const { primary } = found;
  const forced = order.forced ?? null;
  const fleets = decideFleets({ cluster, snapshot, primary, to: order.to, mode: order.mode, forced });
  if (isRefused(fleets)) return { refusals: fleets };
  const standing = standingOf(fleets, primary, order.mode);
  const toFill = fleets.switched || order.mode === 'rolling' ? [] : fleets.green;
  const fillings = toFill.map((name) => ({ name, filling: howToFill(snapshot, name, primary) }));
  const refusals = fillings.flatMap(({ filling }) => (filling.how === 'refused' ? [filling.refusal] : []));
  if (refusals.length > 0) return { refusals };
  const [newPrimary = ''] = fleets.green;
  const keepSeconds = (order.watchHours + order.keepHours) * 3_600;
  const wayBack = fleets.switched ? [] : risksToTheWayBack({ snapshot, oldPrimary: primary, newPrimary, keepSeconds });
  const toCopy = fillings.filter(({ filling }) => filling.how === 'by a copy').map(({ name }) => name);
  return { standing, wayBack, toCopy, plan: planOf(order, standing) };
}

const isRefused = (found: Fleets | readonly Refusal[]): found is readonly Refusal[] => Array.isArray(found);

/** A run that finds the primary on the new release takes up the way back where another one has left it. */
function standingOf(
  { from, to, blue, green, switched }: Fleets,
  primary: string,
  mode: UpgradeOrder['mode'],
): Standing {
  const [first = primary] = blue;
  return {
    ...{ from, to, blue, primary, inPlace: mode === 'rolling' },
    green: switched ? [primary, ...green.filter((name) => name !== primary)] : green,
    oldPrimary: switched ? first : primary,
    phase: switched ? 'keep' : 'precheck',
    untilMs: 0,
    switches: switched ? 1 : 0,
    givenUp: false,
  };
}

export function planOf(order: UpgradeOrder, standing: Standing): PlanSummary {
  const { from, to, green, blue, primary } = standing;
  const [newPrimary = ''] = green;
  const behind = { ...castOf(order.cluster, standing), primary: newPrimary, oldPrimary: primary };
  const before = castOf(order.cluster, standing);
  const switchAt = PHASES.indexOf('switch');
  const lines = PHASES.map((phase, at) => {
    const cast = at > switchAt ? behind : before;
    return `${phase}: ${whatItDoes(phase, cast)}; leaving it: ${costOfCancel(phase, cast)}`;
  });
  const summary = `upgrade ${order.cluster} from ${from} to ${to} (${order.mode}): ${newPrimary} becomes the primary in place of ${primary}`;
  const risks = order.forced === undefined ? [] : [`forced: ${order.forced}`];
  return {
    hash: hashOf({ from, to, green, blue, primary, mode: order.mode, risks }),
    kind: 'upgrade',
    summary,
    lines,
    risks,
  };
}

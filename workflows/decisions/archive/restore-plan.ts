import { hashOf } from '../plan';
import { type PlanSummary } from '../report';
import { type RestoreDecision, type RestoreFacts, type RestoreWay, type RestoreWish } from './restore';

/** What a person sees, and agrees to where clients are touched. */
export function planRestore(
  cluster: string,
  wish: RestoreWish,
  facts: RestoreFacts,
  { target, way }: RestoreDecision & { act: 'restore' },
): PlanSummary {
  const { point, primary } = facts;
  const rows = wish.where === undefined ? '' : `rows of `;
  const what = wish.tables.length === 0 ? cluster : rows + wish.tables.join(', ');
  const place = {
    instance: 'a new server on the worker, which is left running',
    file: 'a dump file beside the reports',
    cluster:
      wish.where === undefined
        ? `${primary ?? 'the primary'}, where the present tables are kept under another name`
        : `${primary ?? 'the primary'}, where rows that are there stay as they are`,
  }[wish.into];
  const agreed = {
    ...{ kind: 'restore', way: wayKey(way), target, without: point.without },
    ...{ tables: wish.tables, where: wish.where ?? '', into: wish.into, primary },
  };
  return {
    hash: hashOf(agreed),
    kind: 'restore',
    summary: `restore ${what} to ${point.because}, into ${place}`,
    lines: [
      ...linesOf(way, facts),
      ...(wish.where === undefined ? [] : [`only rows where ${wish.where}`]),
      ...(point.without === '' ? [] : [`without ${point.without}: an empty transaction takes its place`]),
      `all of it: ${target.replaceAll('\n', '')}`,
      ...unknownTables(wish, way),
    ],
    risks: risksOf(wish, facts),
  };
}

const wayKey = (way: RestoreWay): string => (way.kind === 'backup' ? way.base.id : way.replica.name);

function linesOf(way: RestoreWay, { point }: RestoreFacts): string[] {
  if (way.kind === 'backup')
    return [`from backup ${way.base.id}, ended ${way.base.endedAt}`, `then ${way.transactions} archived transactions`];
  const { name, delaySeconds, applies } = way.replica;
  const next = point.next ? Date.parse(point.next.at) + delaySeconds * 1000 : 0;
  return [
    `from ${name}, which waits ${delaySeconds} s: it applies ${way.transactions} transactions at once, and is stopped right before ${point.next?.gtid ?? ''}`,
    `then it waits ${delaySeconds} s again${applies ? '' : '; its applier was found stopped, and is left so'}`,
    ...(applies ? [`by itself it would apply it at ${new Date(next).toISOString()}: agree before`] : []),
  ];
}

/** They may have been made later; a name that is misspelt costs the whole restore. */
function unknownTables({ tables }: RestoreWish, way: RestoreWay): string[] {
  if (way.kind !== 'backup') return [];
  const known = new Set(way.base.tables.map(({ schema, name }) => `${schema}.${name}`));
  return tables
    .filter((name) => !known.has(name))
    .map((name) => `${name} is not in the backup: it must have been made since, or the name is wrong`);
}

function risksOf({ into, tables, where }: RestoreWish, { point: { without } }: RestoreFacts): string[] {
  const replaced = `${tables.join(', ')} in the cluster are replaced by what they were then: writes since then stay only in the tables kept aside`;
  const added = `rows of ${tables.join(', ')} that are not there are inserted as they were then; its triggers see them as new`;
  return [
    ...(into === 'cluster' ? [where === undefined ? replaced : added] : []),
    ...(without === ''
      ? []
      : [`transactions behind ${without} were made with its effect in sight: the result is a state that never was`]),
  ];
}

/** An alert, whoever sent it. Nothing in it is believed: it is a reason to look (invariant 7). */
export interface Alert {
  readonly state: 'firing' | 'resolved';
  /** The same whenever the same alert is told again. */
  readonly fingerprint: string;
  /** When it began to fire, as the sender wrote it; '' when it does not say. */
  readonly since: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Which runbook an alert is for. The first rule that matches decides. */
export interface AlertRule {
  /** All of these labels have one of these values. */
  readonly match: Readonly<Record<string, readonly string[]>>;
  /** A cluster's name; `{{label}}` stands for the alert's label. */
  readonly cluster: string;
  readonly runbook: 'emergencyFailover';
}

export type Placement =
  | {
      readonly place: 'cluster';
      readonly alert: Alert;
      readonly cluster: string;
      readonly runbook: AlertRule['runbook'];
    }
  | { readonly place: 'ignored' | 'nowhere'; readonly alert: Alert; readonly because: string };

/** Which cluster an alert is about: `ignored` when no rule is for it, `nowhere` when a rule is and its cluster does not exist. */
export function placeAlert(alert: Alert, rules: readonly AlertRule[], clusters: readonly string[]): Placement {
  const rule = rules.find(({ match }) =>
    Object.entries(match).every(([label, values]) => values.includes(labelOf(alert, label) ?? '')),
  );
  if (!rule) return { place: 'ignored', alert, because: `no rule is for ${nameOf(alert)}` };

  const missing = labelsIn(rule.cluster).filter((label) => labelOf(alert, label) === undefined);
  if (missing.length > 0)
    return { place: 'nowhere', alert, because: `${nameOf(alert)} has no label ${missing.join(', ')}` };
  const cluster = rule.cluster.replaceAll(PLACEHOLDER, (_, label: string) => labelOf(alert, label) ?? '');
  return clusters.includes(cluster)
    ? { place: 'cluster', alert, cluster, runbook: rule.runbook }
    : { place: 'nowhere', alert, because: `${nameOf(alert)} is about a cluster that the inventory does not have` };
}

const PLACEHOLDER = /\{\{\s*([\w.-]+)\s*\}\}/g;

/** The labels that a rule's cluster is made of. */
export const labelsIn = (cluster: string): string[] =>
  [...cluster.matchAll(PLACEHOLDER)].flatMap(([, label]) => label ?? []);

const labelOf = ({ labels }: Alert, label: string): string | undefined =>
  Object.hasOwn(labels, label) ? labels[label] : undefined;

const nameOf = (alert: Alert): string => `the alert ${words(labelOf(alert, 'alertname') ?? alert.fingerprint, 80)}`;

/** Why a run was started, for its report: what fires, where, and what the sender says of it. */
export function tellAlert(alert: Alert): string {
  const where = labelOf(alert, 'instance');
  const summary = words(alert.summary, 300);
  return `${nameOf(alert)}${where === undefined ? '' : ` of ${words(where, 80)}`}${summary === '' ? '' : `: ${summary}`}`;
}

/** One line of printable text: what a stranger wrote must not move a terminal's cursor. */
const words = (text: string, length: number): string =>
  text
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, length);

/** What a delivery asks for: at most one thing for a cluster. */
export interface Intent {
  readonly cluster: string;
  readonly alert: Alert;
}

/** One of a cluster's alerts that fires is a reason to look; only when none does, that some are over is told. */
export function intentsOf(placements: readonly Placement[]): {
  starts: readonly Intent[];
  resolutions: readonly Intent[];
} {
  const placed = placements.filter((placement) => placement.place === 'cluster');
  const firstOf = (state: Alert['state'], but: readonly Intent[]): Intent[] =>
    placed.filter(
      ({ alert, cluster }, index) =>
        alert.state === state &&
        but.every((intent) => intent.cluster !== cluster) &&
        placed.findIndex((other) => other.cluster === cluster && other.alert.state === state) === index,
    );
  const starts = firstOf('firing', []);
  return { starts, resolutions: firstOf('resolved', starts) };
}

/** How far a long step is. Sizes are in `unit`, rates in `unit` a second. */
export interface StageProgress {
  /** The part of the work, in the field's words: `FILE COPY`. */
  readonly stage: string;
  readonly done: number;
  /** null = nobody knows. */
  readonly total: number | null;
  readonly unit: 'bytes' | 'transactions' | 'rows' | 'tables' | 'files';
  readonly rate: number;
  /** null = nobody knows. */
  readonly etaSeconds: number | null;
}

/** One line for a person: `FILE COPY: 1.2 GB of 3.4 GB, 120 MB/s, 18 s left`. */
export function tellStage({ stage, done, total, unit, rate, etaSeconds }: StageProgress): string {
  const amount = (value: number) => (unit === 'bytes' ? bytes(value) : String(Math.round(value)));
  const parts = [
    total === null ? amount(done) : `${amount(done)} of ${amount(total)}${unit === 'bytes' ? '' : ` ${unit}`}`,
    ...(rate > 0 ? [`${amount(rate)}/s`] : []),
    ...(etaSeconds === null ? [] : [`${span(etaSeconds)} left`]),
  ];
  return `${stage}: ${parts.join(', ')}`;
}

const STEPS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytes(value: number): string {
  let [left, step] = [value, 0];
  while (left >= 1000 && step < STEPS.length - 1) [left, step] = [left / 1000, step + 1];
  return `${left >= 100 || step === 0 ? Math.round(left) : Math.round(left * 10) / 10} ${STEPS[step]}`;
}

const span = (seconds: number): string =>
  seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : hours(seconds);

const hours = (seconds: number): string => `${Math.round(seconds / 360) / 10} h`;

export const percentOf = ({ done, total }: StageProgress): number => (total ? (100 * done) / total : 0);

export const WORTH_PERCENT = 2;
export const WORTH_AFTER_MS = 10_000;

/** Each line that is told stays in the run's history: another stage, two percent more, or ten seconds later. */
export const isWorthTelling = (
  before: { readonly progress: StageProgress; readonly atMs: number } | null,
  now: StageProgress,
  atMs: number,
): boolean =>
  before === null ||
  before.progress.stage !== now.stage ||
  (now.total !== null && percentOf(now) - percentOf(before.progress) >= WORTH_PERCENT) ||
  atMs - before.atMs >= WORTH_AFTER_MS;

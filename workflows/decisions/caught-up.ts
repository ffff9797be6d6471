/** How a candidate came close to its source, and how fast it applies. */
export interface CaughtUp {
  /** From what the source had committed to the candidate's having applied it, at the end. */
  readonly behindMs: number;
  readonly waitedMs: number;
  /** Transactions that it applied meanwhile. */
  readonly applied: number;
}

export const tellCaughtUp = ({ behindMs, waitedMs, applied }: CaughtUp): string =>
  `${behindMs} ms behind; it applied ${applied} transactions in ${waitedMs} ms`;

/** A session that would hold up the freeze of a primary, or be broken by it. */
export interface Holdup {
  readonly session: number;
  readonly user: string;
  readonly ageSeconds: number;
  readonly what: 'transaction' | 'table lock' | 'DDL' | 'global read lock' | 'backup lock';
  /** Without literals: it ends in workflow history. */
  readonly query: string;
}

export const tellHoldup = ({ session, user, ageSeconds, what, query }: Holdup): string =>
  `session ${session} of ${user} holds a ${what} for ${ageSeconds} s${query === '' ? '' : `: ${query}`}`;

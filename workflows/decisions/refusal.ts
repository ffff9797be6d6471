/** Why a planned change does not begin, and what to do about it. */
export interface Refusal {
  readonly sentence: string;
  readonly cure: string;
}

import { type Check } from '../../../workflows/decisions/backups/manifest';

/** What a check has to say. */
export type Said = Pick<Check, 'verdict' | 'detail'>;

export const passed = (detail: string): Said => ({ verdict: 'passed', detail });
export const skipped = (detail: string): Said => ({ verdict: 'skipped', detail });

/** `faults`: '' = none. */
export const verdict = (faults: string, well: string): Said =>
  faults === '' ? passed(well) : { verdict: 'failed', detail: faults };

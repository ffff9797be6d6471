import { type UpgradeFinding } from './finding';
import { type UpgradePath } from './releases';

/** The answer of a precheck, small enough for a workflow's history: no program's text but that of a cure, no row, no literal. */
export interface Precheck {
  readonly cluster: string;
  readonly path: UpgradePath;
  /** Members by name, with what they run. */
  readonly servers: readonly { readonly name: string; readonly version: string }[];
  /** Where schemas and accounts were read. */
  readonly readOn: string;
  readonly deep: boolean;
  /** Worst first. */
  readonly findings: readonly UpgradeFinding[];
  readonly errors: number;
  readonly warnings: number;
  readonly notices: number;
  /** Why MySQL Shell's checker was not asked; null when it was. */
  readonly officialSkipped: string | null;
}

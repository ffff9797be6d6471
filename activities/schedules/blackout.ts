import { blackoutAt } from '../../workflows/decisions/schedules';
import { type Deps } from '../deps';

export interface BlackoutAnswer {
  /** The inventory has this schedule. */
  readonly known: boolean;
  /** `untilMs`: milliseconds since 1970. */
  readonly blackout: { readonly name: string; readonly untilMs: number } | null;
}

/** May a run of this schedule begin now, as the inventory says at this moment? Reads only. */
export async function blackoutNow(deps: Pick<Deps, 'inventory'>, name: string, atMs: number): Promise<BlackoutAnswer> {
  const schedule = (await deps.inventory()).schedules.find((one) => one.name === name);
  return { known: schedule !== undefined, blackout: blackoutAt(schedule?.blackouts ?? [], atMs) };
}

import { type Opening } from './calendar';
import { type Refusal } from './refusal';

export interface AppointmentQuestion {
  readonly cluster: string;
  /** ISO 8601, as it was ordered; null = as soon as a window is open. */
  readonly at: string | null;
  /** Only inside a maintenance window. */
  readonly window: boolean;
  /** The window that is open at the wanted time, or the next; null where none is declared or none is wanted. */
  readonly opening: Opening | null;
  readonly lateMinutes: number;
  readonly nowMs: number;
}

/** Milliseconds since 1970. */
export interface Appointment {
  readonly beginsMs: number;
  /** After this it no longer begins. */
  readonly notAfterMs: number;
  readonly because: string;
}

/** When a planned change begins, and until when it still may: what is late refuses instead of running outside its time. */
export function arrange(question: AppointmentQuestion): Appointment | Refusal {
  const { cluster, at, window, opening, lateMinutes, nowMs } = question;
  if (window && opening === null)
    return {
      sentence: `${cluster} has no maintenance window`,
      cure: 'declare maintenanceWindows in the inventory, or name a time with at',
    };
  const beginsMs = Math.max(at === null ? nowMs : Date.parse(at), opening?.opensMs ?? 0);
  const notAfterMs = Math.min(
    at === null ? Infinity : beginsMs + lateMinutes * 60_000,
    opening === null ? Infinity : opening.closesMs,
  );
  if (nowMs > notAfterMs)
    return {
      sentence: `${at ?? 'its time'} is over: it is ${iso(nowMs)} now, and it was to begin until ${iso(notAfterMs)}`,
      cure: 'name a later time with at, or allow more with lateMinutes',
    };
  return { beginsMs, notAfterMs, because: tell(question, opening) };
}

const tell = ({ at, window }: AppointmentQuestion, opening: Opening | null): string =>
  [
    ...(at === null ? [] : [`ordered for ${at}`]),
    ...(window && opening ? [`maintenance window ${iso(opening.opensMs)} to ${iso(opening.closesMs)}`] : []),
  ].join(', ');

/** Why a change whose time this was does not begin any more; null while it may. */
export const tooLate = (notAfter: string | undefined, nowMs: number): string | null =>
  notAfter !== undefined && nowMs > Date.parse(notAfter)
    ? `it is ${iso(nowMs)}, and it was to begin until ${notAfter}: its time is over, name another`
    : null;

/** To the second, which is what a person plans by. */
export const iso = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');

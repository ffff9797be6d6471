import { ApplicationFailure } from '@temporalio/common';
import { type Appointment, arrange, iso } from '../decisions/appointment';
import { type RunbookReport } from '../decisions/report';
import { type Refusal } from '../decisions/refusal';
import { type SwitchoverOrder } from '../inputs';
import { scheduledId } from '../messages';
import { survey } from './activities';
import { keep } from './keep';
import { holdsLock, underLock } from './lock';
import { preflight, refusal } from './preflight';
import { type Runbook } from './runbook';

export const isForLater = ({ at, window }: SwitchoverOrder): boolean => at !== undefined || window;

/** Whoever waits for days under the cluster's lock keeps everybody else from it, the emergency first. */
export function refuseToWaitUnderLock({ cluster }: SwitchoverOrder): void {
  if (!holdsLock(cluster)) return;
  throw ApplicationFailure.create({
    type: 'INVALID_INPUT',
    nonRetryable: true,
    message: `A run that waits must not hold the lock of ${cluster}: start it under the workflow id ${scheduledId(cluster)}, or without "at" and "window".`,
  });
}

/**
 * Wait for the ordered time, then begin under the cluster's lock. The order is checked once before the wait, so that a bad one is
 * answered today; what was seen then is forgotten, and the run that begins looks at everything anew.
 */
export async function beginInTime(book: Runbook, order: SwitchoverOrder): Promise<RunbookReport> {
  const appointment = await appoint(order);
  if ('cure' in appointment) return refuse(book, appointment);
  const checked = await preflight(book, order);
  if ('outcome' in checked) return keep(book.close(checked.outcome, checked.headline));

  book.phase(
    'wait',
    `waits until ${iso(appointment.beginsMs)} (${appointment.because}) and looks at everything anew then; cancel it to call it off: runbook cancel ${scheduledId(order.cluster)}`,
  );
  await book.rest(appointment.beginsMs);
  return begin(book, order, appointment);
}

const SOON_MS = 1_000;
const LATER_MS = 60_000;

async function begin(book: Runbook, order: SwitchoverOrder, first: Appointment): Promise<RunbookReport> {
  for (let pauseMs = SOON_MS; ; pauseMs = Math.min(pauseMs * 2, LATER_MS)) {
    const still = await standing(order, first);
    if ('cure' in still) return refuse(book, still);
    await book.handOver();
    try {
      book.phase('begin', `its time has come: it takes the lock of ${order.cluster}`);
      const report = await underLock<RunbookReport>('plannedSwitchover', order.cluster, asOfNow(order, still));
      book.close(report.outcome, report.headline);
      return report;
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'CHANGE_IN_PROGRESS') throw error;
      await book.takeBack();
      book.phase('wait', `waits until ${iso(still.notAfterMs)} at most: ${error.message}`);
      await book.rest(Math.min(Date.now() + pauseMs, still.notAfterMs + 1_000));
    }
  }
}

/** When a dry run's change would begin, for its report. */
export async function tellAppointment(book: Runbook, order: SwitchoverOrder): Promise<void> {
  const appointment = await appoint(order);
  book.found.decisions.push(
    'cure' in appointment
      ? `it would be refused: ${appointment.sentence}; ${appointment.cure}`
      : `it would begin at ${iso(appointment.beginsMs)} (${appointment.because}), and not after ${iso(appointment.notAfterMs)}`,
  );
}

/** The time as it stands now: the worker may come late, and the inventory may have been changed. */
async function standing(order: SwitchoverOrder, first: Appointment): Promise<Appointment | Refusal> {
  const nowMs = Date.now();
  if (nowMs > first.notAfterMs)
    return {
      sentence: `its time is over: it is ${iso(nowMs)}, and it was to begin until ${iso(first.notAfterMs)}`,
      cure: 'name another time',
    };
  if (!order.window) return first;
  const opening = await openingAt(order, nowMs);
  if (opening === null || opening.opensMs > nowMs)
    return {
      sentence: `no maintenance window of ${order.cluster} is open: the inventory was changed while it waited`,
      cure: 'name another time',
    };
  return { ...first, notAfterMs: Math.min(first.notAfterMs, opening.closesMs) };
}

async function appoint(order: SwitchoverOrder): Promise<Appointment | Refusal> {
  const nowMs = Date.now();
  const wantedMs = order.at === undefined ? nowMs : Math.max(nowMs, Date.parse(order.at));
  return arrange({
    cluster: order.cluster,
    at: order.at ?? null,
    window: order.window,
    opening: order.window ? await openingAt(order, wantedMs) : null,
    lateMinutes: order.lateMinutes,
    nowMs,
  });
}

const openingAt = ({ cluster }: SwitchoverOrder, atMs: number) => survey.nextWindow({ cluster, atMs });

/** The order of the run that begins: now, and not after its time. */
const asOfNow = (order: SwitchoverOrder, { notAfterMs }: Appointment): SwitchoverOrder => ({
  ...order,
  at: undefined,
  window: false,
  notAfter: new Date(notAfterMs).toISOString(),
});

const refuse = (book: Runbook, because: Refusal): Promise<RunbookReport> => {
  const { outcome, headline } = refusal(book, [because]);
  return keep(book.close(outcome, headline));
};

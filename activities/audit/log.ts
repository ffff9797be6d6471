import { appendFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** What is written down: plain values, never a secret. */
export type AuditEvent = Readonly<Record<string, unknown>> & { readonly kind: 'decision' | 'statement' };

export interface AuditLog {
  /** Returns at once; never throws. */
  write(event: AuditEvent): void;
  /** Waits until all that was written down so far is on its way to disk, a second at most. */
  close(): Promise<void>;
}

export interface AuditTarget {
  /** Absolute. Appended to, and made with mode 0600; may be renamed by a rotation at any time. */
  readonly file?: string;
  readonly stdout: boolean;
}

const MOST_LINES = 10_000;
const TRY_AGAIN_MS = 1_000;

/**
 * Appends one JSON line for each event, behind the back of whoever writes it: a step pays some microseconds, and a disk that hangs holds
 * nothing up. While a file cannot be written the newest 10,000 lines wait in memory; `failed` hears of it once, and how many were lost.
 * A worker that is killed takes the lines of its last milliseconds with it: Temporal's history has these steps.
 */
export function openAuditLog({ file, stdout }: AuditTarget, failed: (words: string) => void): AuditLog {
  let waiting: string[] = [];
  let dropped = 0;
  let failing = false;
  let flushing: Promise<void> | undefined;

  const flush = async (path: string): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      try {
        await appendFile(path, lines.join(''), { mode: 0o600 });
        if (failing) failed(`the audit log ${path} is written again; ${dropped} lines were lost`);
        failing = false;
        dropped = 0;
      } catch (error) {
        if (!failing) failed(`the audit log ${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? ''}`);
        failing = true;
        waiting = lines.concat(waiting);
        await pause(TRY_AGAIN_MS, undefined, { ref: false });
      }
    }
    flushing = undefined;
  };

  return {
    write(event) {
      const line = `${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`;
      if (stdout) process.stdout.write(line);
      if (file === undefined) return;
      waiting.push(line);
      if (waiting.length > MOST_LINES) {
        waiting.shift();
        dropped += 1;
      }
      // After this turn of the loop, so that the lines of one moment are one write.
      flushing ??= Promise.resolve().then(() => flush(file));
    },
    close: async () => {
      await Promise.race([flushing, pause(TRY_AGAIN_MS, undefined, { ref: false })]);
    },
  };
}

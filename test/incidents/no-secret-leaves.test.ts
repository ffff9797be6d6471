import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeId, watchId } from '../../workflows/messages';
import { incident } from './incident';

test('invariant 8: after a failover no password stands in a history, a log, a report or a process list', () =>
  incident({}, async ({ lab, client, faults, report }) => {
    await faults.kill('db1');
    const told = await report();
    expect(told.outcome).toBe('done');

    const secrets = [lab.accounts.admin, lab.accounts.replication].map((account) =>
      readFileSync(account.passwordFile, 'utf8').trim(),
    );
    expect(secrets.every((secret) => secret.length >= 12)).toBe(true);
    const histories = await Promise.all(
      [changeId(lab.cluster), watchId(lab.cluster)].map((id) => client.workflow.getHandle(id).fetchHistory()),
    );
    const description = await client.workflow.getHandle(watchId(lab.cluster)).describe();
    const places: Record<string, string> = {
      histories: payloadText(histories),
      heartbeat: payloadText(description.raw),
      'worker log': lab.state.workers.map((worker) => readFileSync(worker.log, 'utf8')).join('\n'),
      reports: filesUnder(join(lab.folder, 'reports'))
        .map((file) => readFileSync(file, 'utf8'))
        .join('\n'),
      'command lines': commandLines(),
    };
    expect(places['histories']).toContain('fenceOldPrimary'); // the net has meshes that catch something
    expect(places['reports']).toContain('RTO');
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) expect({ place, found: text.includes(secret) }).toEqual({ place, found: false });
    }
  }));

/** Payloads are bytes: read as text they are JSON. */
const payloadText = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    each instanceof Uint8Array ? Buffer.from(each).toString('utf8') : typeof each === 'bigint' ? String(each) : each,
  );

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );

/** Of every process that we may look at. */
function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // it ended while we looked
      }
    })
    .join('\n');
}

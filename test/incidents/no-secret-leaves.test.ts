import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { changeId, watchId } from '../../workflows/messages';
import { type Lab } from '../../lab';
import { eventually } from '../support/wait';
import { incident } from './incident';

test('invariant 8: after a failover no password stands in a history, a log, a report, the audit log or a process list', () =>
  incident({ settings: { audit: { file: 'audit.jsonl', stdout: true } } }, async ({ lab, client, faults, report }) => {
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
      audit: auditOf(lab),
      'command lines': commandLines(),
    };
    expect(places['histories']).toContain('fenceOldPrimary'); // the net has meshes that catch something
    expect(places['reports']).toContain('RTO');
    expect(places['worker log']).toContain('"kind":"statement"');
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) expect({ place, found: text.includes(secret) }).toEqual({ place, found: false });
    }
  }));

test('the audit log tells who began what and why, each decision, and every statement that changed a server', () =>
  incident({ watched: false, settings: { audit: { file: 'audit.jsonl' } } }, async ({ lab, faults, start, settle }) => {
    await faults.kill('db1');
    const report = await start({ reason: 'disk of db1 died' });
    expect(report.outcome).toBe('done');
    await settle();
    const lines = await eventually('the end is written down', () => {
      const read = auditOf(lab)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      return read.some(({ what }) => what === 'ended') ? read : undefined;
    });
    const run = lines.filter((line) => line.run === report.run);
    expect(run.find(({ what }) => what === 'begun')).toMatchObject({
      by: 'tester@example.com',
      reason: 'disk of db1 died',
      cluster: lab.cluster,
      runbook: 'emergencyFailover',
    });
    expect(run.find(({ what }) => what === 'ended')).toMatchObject({ outcome: 'done', text: report.headline });
    expect(run.filter(({ what }) => what === 'decision').map(({ text }) => text)).toEqual(report.decisions);
    const opened = run.filter((line) => line.kind === 'statement' && line.server === report.newPrimary);
    expect(opened.map(({ statement }) => statement)).toContainEqual(
      expect.stringMatching(/^SET GLOBAL read_only = IF/),
    );
    for (const line of opened)
      expect(line).toMatchObject({ cluster: lab.cluster, result: expect.any(String) as string });
    for (const { statement } of lines) expect(statement ?? '').not.toMatch(/'|"|\d{4}/);
    expect(statSync(join(lab.folder, 'audit.jsonl')).mode & 0o777).toBe(0o600);
  }));

interface Line {
  readonly kind: string;
  readonly run?: string;
  readonly what?: string;
  readonly text?: string;
  readonly server?: string;
  readonly statement?: string;
}

const auditOf = (lab: Lab): string => readFileSync(join(lab.folder, 'audit.jsonl'), 'utf8');

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

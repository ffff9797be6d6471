import { Client, Connection } from '@temporalio/client';
import { type Lab } from '../../lab';
import { signal } from '../../lab/processes';
import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId, EMERGENCY_TASK_QUEUE, TASK_QUEUE } from '../../workflows/messages';
import { WRITES } from '../activities/routing/one-named';
import { inLab } from '../support/lab';
import { dnsName, HOSTS, type NamedEntrance } from './entrances/dns-name';

test('behind a DNS name: the primary moves on purpose, then the new one dies; the name follows, and what resolvers remember is told', () =>
  inLab({ temporal: true, router: 'none', durability: 'semi-sync' }, (lab) =>
    behindName(lab, async ({ named, run, relays }) => {
      const moved = await run('plannedSwitchover', TASK_QUEUE, { to: 'db2' });
      expect(moved).toMatchObject({
        outcome: 'done',
        headline: expect.stringMatching(/^db2 is the primary in place of db1/) as string,
        left: [],
      });
      expect(moved.plan?.lines.at(-1)).toMatch(/^nobody waits at router dns-1: .* db1 for up to 5 s after the change/);
      expect(moved.decisions).toContain(
        'resolvers may send clients of router dns-1 to db1 for 5 s more; it stays super_read_only and tells them so',
      );
      expect(await named.told(WRITES)).toEqual(['127.0.0.3 5']);

      signal(lab.server('db2'), 'SIGKILL');
      relays[1]!.close();
      const replaced = await run('emergencyFailover', EMERGENCY_TASK_QUEUE, {});
      expect(replaced).toMatchObject({ outcome: 'done', oldPrimary: 'db2' });
      // DNS is no proof; the command that found the server dead is.
      expect(replaced.fenceProofs).toEqual([expect.stringMatching(/^the fence command of db2 succeeded/)]);
      expect(replaced.decisions).toContainEqual(
        expect.stringMatching(
          /^resolvers may send clients of router dns-1 to db2 for 5 s more; it is fenced: the fence/,
        ),
      );
      const host = HOSTS[lab.servers.findIndex(({ name }) => name === replaced.newPrimary)]!;
      expect(await named.told(WRITES)).toEqual([`${host} 5`]);
    }),
  ));

interface Scene extends Pick<NamedEntrance, 'named' | 'relays'> {
  readonly run: (type: string, taskQueue: string, input: object) => Promise<RunbookReport>;
}

async function behindName(lab: Lab, story: (scene: Scene) => Promise<void>): Promise<void> {
  const { named, relays, stop } = await dnsName(lab);
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    await lab.startWorker();
    const client = new Client({ connection });
    const run: Scene['run'] = async (type, taskQueue, input) =>
      (await client.workflow.execute(type, {
        workflowId: changeId(lab.cluster),
        taskQueue,
        args: [{ cluster: lab.cluster, requestedBy: 'tester', reason: 'test', ...input }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      })) as RunbookReport;
    await story({ named, relays, run });
  } finally {
    await connection.close();
    await stop();
  }
}

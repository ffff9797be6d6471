import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { type WorkflowHandle } from '@temporalio/client';
import { type Activities } from '../../activities';
import {
  archiveId,
  drillId,
  EMERGENCY_TASK_QUEUE,
  PERMITS_ID,
  progressQuery,
  provisionId,
  restoreId,
  scheduledId,
  scheduleId,
  TASK_QUEUE,
  upgradeId,
} from '../../workflows/messages';
import { type RunbookReport } from '../../workflows/decisions/report';
import { commit, P, seen, sighting } from '../decisions/facts';
import { executed, primary, replica, silent, snapshotOf } from '../decisions/members';
import { eventually } from '../support/wait';
import { backedUp, isNone } from '../workflows/backing-up';
import { drillable } from '../workflows/drilling';
import { fillable } from '../workflows/filling';
import { movable } from '../workflows/moving';
import { ahead, back, returning } from '../workflows/returning';
import { db4, restorable, X } from '../workflows/restoring';
import { upgradable } from '../workflows/upgrading';
import { db2, db3, dead, fails, gone, policy, type Scene, type Stage } from '../workflows/stage';

/** Runs whose histories are kept: each plays one path and gives the handle of the run. */
export const stories: Readonly<Record<string, (stage: Stage) => Promise<WorkflowHandle>>> = {
  'promote-automatic': (stage) => ended(stage, stage.put(), { trigger: 'watcher' }),

  'promote-approved': async (stage) => {
    const handle = await stage.start(stage.put({ cluster: policy({ mode: 'approve' }) }));
    await stage.approve(handle);
    await handle.result();
    return handle;
  },

  'promote-new-plan': async (stage) => {
    const changed = sighting([gone, silent('db2'), db3], { lastSeen: seen(`${P}:1-100`, { acknowledgers: ['db3'] }) });
    const scene = { looks: [dead, changed], frozen: [snapshotOf(silent('db2'), db3)] };
    const handle = await stage.start(stage.put({ cluster: policy({ mode: 'approve' }), ...scene }));
    const first = await stage.approve(handle);
    await stage.approve(handle, first.id);
    await handle.result();
    return handle;
  },

  'candidate-lost': (stage) =>
    ended(
      stage,
      stage.put({
        frozen: [snapshotOf(db2, db3), snapshotOf(silent('db2'), db3)],
        acts: {
          openPrimary: (order) =>
            order.candidate === 'db2'
              ? fails('CANDIDATE_LOST', 'db2 died')()
              : Promise.resolve({ result: 'opened', uuid: 'u3', epoch: 3, executed: '', parts: [] }),
        },
      }),
    ),

  expired: (stage) => ended(stage, stage.put({ cluster: policy({ mode: 'approve', approvalMinutes: 0.01 }) })),

  'stand-down': (stage) => {
    const well = sighting([primary('db1'), replica('db2', 'db1')], { probe: commit('committed') });
    return ended(stage, stage.put({ looks: [well] }), { trigger: 'alert' });
  },

  finish: (stage) => {
    const opened = primary('db2', executed(`${P}:1-100`));
    const look = sighting([gone, opened, db3], { lastSeen: seen(`${P}:1-100`) });
    return ended(stage, stage.put({ looks: [look] }));
  },

  reattach: (stage) => {
    const below = replica('db3', 'db2', {}, { receiver: 'connecting' });
    const look = sighting([primary('db1'), silent('db2', 'refused'), below], { probe: commit('committed') });
    return ended(stage, stage.put({ looks: [look] }));
  },

  'dry-run': (stage) => ended(stage, stage.put(), { dryRun: true }),

  'rejoin-clean': (stage) => rejoined(stage, stage.put(returning(back))),

  'rejoin-take-over': async (stage) => {
    const handle = await stage.begin('rejoinInstance', stage.put(returning(ahead, back)), { instance: 'db1' });
    await stage.approve(handle);
    await handle.result();
    return handle;
  },

  'rejoin-refused': (stage) => rejoined(stage, stage.put(returning(silent('db1', 'refused')))),

  'rejoin-stands-aside': (stage) => {
    const away = { reached: false, primaryWell: false, left: 7 };
    return rejoined(stage, stage.put({ ...returning(back), acts: { advance: () => Promise.resolve(away) } }));
  },

  'switchover-now': async (stage) => {
    const handle = await stage.begin('plannedSwitchover', stage.put(movable()), { to: 'db2' });
    await handle.result();
    return handle;
  },

  'switchover-in-time': async (stage) => {
    const handle = await scheduled(stage, 500);
    await handle.result();
    return handle;
  },

  'switchover-called-off': async (stage) => {
    const handle = await scheduled(stage, 3_600_000);
    await eventually('it waits', async () => (await handle.query(progressQuery)).phase === 'wait');
    await handle.cancel();
    await handle.result();
    return handle;
  },

  'drill-planned': async (stage) => {
    const { cluster } = stage.put(drillable());
    const handle = await stage.client.workflow.start('failoverDrill', {
      workflowId: drillId(cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster }],
    });
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
    return handle;
  },

  'scheduled-run': async (stage) => {
    const { cluster } = stage.put(movable());
    const handle = await stage.client.workflow.start('scheduledRun', {
      workflowId: `${scheduleId(cluster)}-now`,
      taskQueue: TASK_QUEUE,
      args: [{ schedule: cluster, runbook: 'plannedSwitchover', input: { cluster, to: 'db2' } }],
    });
    await handle.result();
    return handle;
  },

  'upgrade-there-and-back': async (stage) => {
    const { cluster } = stage.put(upgradable().scene);
    const workflowId = upgradeId(cluster);
    const args = [{ cluster, to: '8.0', soakHours: 0, watchHours: 24 }];
    const handle = await stage.client.workflow.start('upgradeCluster', { workflowId, taskQueue: TASK_QUEUE, args });
    const first = await stage.approve(handle);
    await eventually('it is watched', async () => (await handle.query(progressQuery)).phase === 'watch');
    await stage.say(handle, 'goBack', { by: 'ada' });
    await stage.question(handle, first.id);
    await stage.say(handle, 'cancel', { by: 'ada' });
    await handle.result();
    return handle;
  },

  'restore-by-backup': async (stage) => {
    const handle = await restoring(stage, restorable());
    await stage.approve(handle);
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
    return handle;
  },

  'restore-by-delayed-replica': async (stage) => {
    const handle = await restoring(stage, restorable({ delayed: [db4] }));
    await stage.approve(handle);
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
    return handle;
  },

  purge: async (stage) => {
    const to = { name: 'db1', to: 'binlog.000004', files: 3, bytes: 600, heldBackBy: '' };
    const surveyPurge: Activities['surveyPurge'] = ({ cluster }) =>
      Promise.resolve({ cluster: policy({}, { name: cluster }), members: [to], because: '3 binary logs may go' });
    const handle = await stage.begin('purgeBinlogs', stage.put({ acts: { surveyPurge } }));
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
    return handle;
  },

  'archive-with-a-gap': async (stage) => {
    const gap = { kind: 'gap' as const, id: 'gap 1', sentence: 'the archive has a gap', cure: 'Take a backup.' };
    let turns = 0;
    const archiveBinlogs: Activities['archiveBinlogs'] = async () => {
      turns += 1;
      if (turns > 1) await Context.current().cancelled;
      return { troubles: [gap] };
    };
    const { cluster } = stage.put({ acts: { archiveBinlogs } });
    const handle = await stage.client.workflow.start('archiveBinlogs', {
      workflowId: archiveId(cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster }],
    });
    await eventually('it goes on behind the gap', () => turns > 1);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    return handle;
  },

  'back-up': (stage) => waitedFor(stage, 'backUp'),

  'back-up-physical': (stage) => waitedFor(stage, 'backUp', { kind: 'physical' }),

  'back-up-store-away': async (stage) => {
    const acts = { takeLogical: fails('STORE_UNREACHABLE', 'the folder /backups does not exist') };
    const handle = await begun(stage, 'backUp', {}, acts);
    await eventually('it waits', async () => (await handle.query(progressQuery)).phase === 'store away', 90_000);
    await handle.cancel();
    await handle.result();
    return handle;
  },

  'verify-backup': (stage) => waitedFor(stage, 'verifyBackup'),

  'verify-backup-failed': (stage) =>
    waitedFor(stage, 'verifyBackup', {}, { proveBackup: () => Promise.resolve(isNone) }),

  'provision-clone': (stage) => filled(stage),

  'provision-next-donor': (stage) => {
    let times = 0;
    const broken = fails('COPY_FAILED', 'CLONE of db4 from db2 failed: it died');
    const again = () => Promise.resolve({ gtids: '', bytes: 1, seconds: 1, notes: [] });
    return filled(stage, {}, { cloneFrom: () => (times++ === 0 ? broken() : again()) });
  },

  'provision-files': (stage) => filled(stage, { strategy: 'physical' }),

  permits: async (stage) => {
    const ask = {
      cluster: 'orders',
      run: randomUUID(),
      peek: false,
      perCluster: { failovers: 1, perMinutes: 60 },
      perFleet: { failovers: 1, perMinutes: 60 },
    };
    await stage.permits.take(ask);
    await stage.permits.take({ ...ask, run: randomUUID() });
    await stage.permits.giveBack(ask.run);
    return stage.client.workflow.getHandle(PERMITS_ID);
  },
};

async function filled(stage: Stage, order: object = {}, acts: Scene['acts'] = {}): Promise<WorkflowHandle> {
  const { cluster } = stage.put(fillable(acts));
  const handle = await stage.client.workflow.start('provisionReplica', {
    workflowId: provisionId(cluster, 'db4'),
    taskQueue: TASK_QUEUE,
    args: [{ cluster, instance: 'db4', ...order }],
  });
  const { outcome, headline } = (await handle.result()) as RunbookReport;
  if (outcome !== 'done') throw new Error(headline);
  return handle;
}

function restoring(stage: Stage, scene: Parameters<Stage['put']>[0]): Promise<WorkflowHandle> {
  const { cluster } = stage.put(scene);
  return stage.client.workflow.start('restoreToPoint', {
    workflowId: restoreId(cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster, before: X, tables: ['shop.items'], into: 'cluster' }],
  });
}

function scheduled(stage: Stage, inMs: number): Promise<WorkflowHandle> {
  const { cluster } = stage.put(movable());
  return stage.client.workflow.start('plannedSwitchover', {
    workflowId: scheduledId(cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster, to: 'db2', at: new Date(Date.now() + inMs).toISOString() }],
  });
}

function begun(stage: Stage, runbook: string, order: object, acts: Scene['acts']): Promise<WorkflowHandle> {
  const { cluster } = stage.put(backedUp(acts));
  const args = [{ cluster, ...order }];
  return stage.client.workflow.start(runbook, { workflowId: `${runbook}/${cluster}`, taskQueue: TASK_QUEUE, args });
}

async function waitedFor(
  stage: Stage,
  runbook: string,
  order: object = {},
  acts: Scene['acts'] = {},
): Promise<WorkflowHandle> {
  const handle = await begun(stage, runbook, order, acts);
  await handle.result();
  return handle;
}

async function rejoined(stage: Stage, played: ReturnType<Stage['put']>): Promise<WorkflowHandle> {
  const handle = await stage.begin('rejoinInstance', played, { instance: 'db1' });
  await handle.result();
  return handle;
}

async function ended(stage: Stage, played: ReturnType<Stage['put']>, order: object = {}): Promise<WorkflowHandle> {
  const handle = await stage.start(played, order);
  await handle.result();
  return handle;
}

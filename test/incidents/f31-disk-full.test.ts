import { isAlive } from '../../lab/processes';
import { eventually } from '../support/wait';
import { incident } from './incident';
import { isClosed } from './standing';

test(
  'F31: the disk of the primary is full; its commits fail although it answers, and another takes over',
  () =>
    incident({ smallDisk: { db1: 64 } }, async ({ faults, lab, load, report, settle }) => {
      const giveSpaceBack = faults.fillDisk('db1');
      const told = await report();

      expect(told.outcome).toBe('done');
      expect(told.decisions[0]).toMatch(/^disk full: db1 answers but cannot commit, its disk is full/);
      expect(told.fenceProofs.join('\n')).toMatch(/every router \(haproxy-1\) reads back/);
      expect(told.rpo?.lost).toBe('');
      await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);

      // I4: with space again it could finish what it had begun, and go on. It is closed first, unless it ended itself:
      // a commit that is killed while it waits for space is an error of the binary log, and binlog_error_action is ABORT_SERVER.
      await giveSpaceBack();
      await eventually(
        'db1 takes no writes',
        async () => !isAlive(lab.server('db1')) || (await isClosed(lab, 'db1')),
        80_000, // the server looks for space once a minute
      );
      await settle({ quarantined: ['db1'] });
    }),
  200_000,
);

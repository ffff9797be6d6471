import { type Lab } from '../../lab';
import { isAlive } from '../../lab/processes';
import { eventually } from '../support/wait';
import { declare } from './declare';
import { incident } from './incident';

test('F3: without a router the fence command takes the hung primary its power, and that is the proof', () =>
  incident({ router: 'none', durability: 'async' }, async ({ lab, faults, report }) => {
    declareFenceCommand(lab);
    faults.hang('db1');
    const told = await report();
    expect(told.outcome).toBe('done');
    expect(told.fenceProofs).toEqual(['the fence command of db1 succeeded: db1 has no power']);
    await eventually('db1 is gone', () => !isAlive(lab.server('db1')));
    expect(told.rto).not.toBeNull();
  }));

/** As somebody would who has a power switch with a command line. */
const declareFenceCommand = (lab: Lab): void =>
  declare(lab, ({ instances: [db1] }) =>
    Object.assign(db1!, {
      fenceCommand: ['/bin/sh', '-c', `kill -9 ${lab.server('db1').pid}; echo db1 has no power`],
    }),
  );

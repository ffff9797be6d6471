import { createConnection } from 'mysql2/promise';
import { passwordOf } from '../../lab/state';
import { eventually } from '../support/wait';
import { incident } from './incident';
import { switchOver } from './switching';

test('a pool that came in past every router does not keep its sessions on the old primary; a reader that comes later keeps its own', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    const { host, port } = lab.server('db1');
    const login = { host, port, user: lab.accounts.app.user, password: passwordOf(lab.accounts.app) };
    const pooled = await createConnection(login);
    const gone = { pooled: false };
    pooled.on('error', () => (gone.pooled = true));

    const told = await switchOver(scene, { to: 'db2' });
    expect(told.outcome).toBe('done');
    const step = told.steps.find(({ title }) => title.startsWith('Close the sessions'));
    expect(step).toMatchObject({ state: 'done', detail: expect.stringMatching(/\d of app/) as string });
    await eventually('the pooled session is gone', () => gone.pooled);

    const reader = await createConnection(login);
    await reader.query('SELECT 1');
    await reader.end();
    await settle({ primary: 'db2' });
  }));

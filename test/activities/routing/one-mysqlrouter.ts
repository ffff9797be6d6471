import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRouter } from '../../../activities/routing/router';
import { end, isAlive, markOf } from '../../../lab/processes';
import { reservePorts } from '../../../lab/ports';
import { findMysqlRouter } from '../../../lab/programs/mysql-router';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type MysqlRouter } from '../../../workflows/decisions/router';
import { eventually } from '../../support/wait';

export const REST_PASSWORD = 'pass:word of the router';

/** A real MySQL Router with two static routes, restarted by a script as a supervisor would do it. */
export interface OneMysqlRouter {
  readonly router: MysqlRouter;
  readonly config: () => string;
  readonly writeConfig: (text: string) => void;
  readonly pid: () => number;
  readonly control: (more?: Partial<MysqlRouter>, password?: string) => ReturnType<typeof openRouter>;
  readonly stop: () => Promise<void>;
}

export async function startOneMysqlRouter(instances: readonly Instance[]): Promise<OneMysqlRouter> {
  const { program, passwd, pluginFolder } = await findMysqlRouter();
  const folder = mkdtempSync(join(tmpdir(), 'one-mysqlrouter-'));
  const [writePort = 0, readPort = 0, restPort = 0] = await reservePorts(3, folder);
  const file = (name: string) => join(folder, name);
  const at = ({ host, port }: Instance) => `${host}:${port}`;
  execFileSync(passwd, ['set', file('accounts'), 'runbooks'], { input: `${REST_PASSWORD}\n`, stdio: 'pipe' });
  writeFileSync(
    file('router.conf'),
    `# kept: a comment with destinations=10.0.0.1:1, and a byte that is no UTF-8: \xe9
[DEFAULT]
logging_folder=
${pluginFolder === undefined ? '' : `plugin_folder=${pluginFolder}`}
runtime_folder=${folder}
data_folder=${folder}
[http_server]
port=${restPort}
bind_address=127.0.0.1
[rest_api]
[rest_routing]
require_realm=ours
[http_auth_realm:ours]
backend=file
method=basic
name=Runbooks
[http_auth_backend:file]
backend=file
filename=${file('accounts')}
[Routing:orders_read]
bind_address=127.0.0.1
bind_port=${readPort}
routing_strategy=round-robin
destinations=${instances.map(at).join(',')}
[routing:orders_write]
bind_address=127.0.0.1
bind_port=${writePort}
routing_strategy=first-available
  destinations : ${instances.map(at).join(', ')}\t
client_ssl_mode=PASSTHROUGH
`,
    'latin1',
  );
  chmodSync(file('router.conf'), 0o640);
  writeFileSync(
    file('restart'),
    `#!/bin/sh
pid=$(cat ${file('pid')} 2>/dev/null)
if [ -n "$pid" ]; then
  kill "$pid" 2>/dev/null
  while [ -e /proc/$pid ] && ! grep -q ') Z' /proc/$pid/stat; do sleep 0.02; done
fi
setsid ${program} -c ${file('router.conf')} >>${file('log')} 2>&1 </dev/null &
echo $! >${file('pid')}
`,
  );
  chmodSync(file('restart'), 0o755);
  const router: MysqlRouter = {
    kind: 'mysqlrouter',
    name: 'router-a',
    route: 'orders_write',
    configFile: file('router.conf'),
    shell: [],
    restart: [file('restart')],
    restApi: {
      url: `http://127.0.0.1:${restPort}`,
      account: { user: 'runbooks', password: { env: 'NOT_READ_HERE' } },
    },
    deadlineSeconds: 20,
    writeAddress: { host: '127.0.0.1', port: writePort },
  };
  const control: OneMysqlRouter['control'] = (more = {}, password = REST_PASSWORD) =>
    openRouter({ secret: () => Promise.resolve(password) }, { ...router, ...more }, instances);
  const pid = () => Number(readFileSync(file('pid'), 'utf8'));
  const stop = async () => {
    if (existsSync(file('pid'))) await end(markOf(pid()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    execFileSync(file('restart'));
    await eventually('MySQL Router answers', async () => {
      if (!isAlive(markOf(pid()))) throw new Error(readFileSync(file('log'), 'utf8'));
      return control().read();
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    router,
    config: () => readFileSync(file('router.conf'), 'latin1'),
    writeConfig: (text) => writeFileSync(file('router.conf'), text, 'latin1'),
    pid,
    control,
    stop,
  };
}

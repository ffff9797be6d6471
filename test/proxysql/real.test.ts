import { routerContract } from '../support/proxysql/contract';
import { type Login } from '../support/proxysql/fleet';

/**
 * The router's contract on a real ProxySQL: PROXYSQL_ADMIN=radmin:password@127.0.0.1:6032 npm run test:proxysql
 * It uses hostgroups 910, 920, 930 and 940 and removes them again; mysql-auto_increment_delay_multiplex is set to 0 for moments.
 */
const login = (): Login => {
  const [, user = '', password = '', host = '', port = ''] =
    /^([^:]+):(.*)@([^@:]+):(\d+)$/.exec(process.env['PROXYSQL_ADMIN'] ?? '') ?? [];
  if (user === '') throw new Error('set PROXYSQL_ADMIN=user:password@host:port of an admin interface');
  return { user, password, host, port: Number(port) };
};

describe('a real ProxySQL', () => routerContract(login));

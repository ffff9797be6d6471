import { renderPrecheck } from '../../../workflows/decisions/upgrade';
import { judged, programOf, settingsOf } from './facts';

test('worst first, one block a check, each place with its statements, and a line that counts', () => {
  const text = renderPrecheck(
    judged({
      from: '8.0.34',
      to: '8.4',
      schema: {
        accounts: [{ user: 'app', host: '%', plugins: ['mysql_native_password'], locked: false }],
        schemas: [{ name: 'shop', charset: 'utf8mb3' }],
      },
      server: { variables: { gtid_mode: 'ON' } },
    }),
  );
  const order = [
    'orders: 8.0 → 8.4',
    'ERRORS',
    'authentication-plugin',
    "ALTER USER 'app'@'%'",
    'WARNINGS',
    'utf8mb3',
    'ALTER DATABASE `shop`',
    'NOTICES',
    'option-files',
  ];
  const places = order.map((words) => text.indexOf(words));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
  expect(text).toContain("MySQL Shell's own checker was not asked: mysqlsh is not installed here");
  expect(text.split('\n').at(-1)).toBe(
    '1 error, 1 warning, 2 notices: 8.0 → 8.4 is not to be begun before the errors are cured',
  );
});

test('the same on several members is told once, with their names', () => {
  const persisted = { variables: { expire_logs_days: '3' }, persisted: { expire_logs_days: '3' } };
  const text = renderPrecheck(
    judged({ from: '8.0.34', server: persisted, others: [settingsOf('8.0.34', { ...persisted, name: 'db2' })] }),
  );
  expect(text.match(/RESET PERSIST expire_logs_days;/g)).toHaveLength(1);
  expect(text).toContain('db1, db2: expire_logs_days = 3 [8.0 → 8.4]');
});

test('a program with two faults is cured once, and its body stands between delimiters', () => {
  const body = 'BEGIN SELECT rank; SELECT X(1); END';
  const text = renderPrecheck(
    judged({
      schema: {
        schemas: [{ name: 'shop', charset: 'utf8mb4' }],
        programs: [programOf({ body, create: `CREATE PROCEDURE \`p\`() ${body}` })],
      },
    }),
  );
  expect(text).toContain(
    'DELIMITER //\n        CREATE PROCEDURE `p`() BEGIN SELECT `rank`; SELECT ST_X(1); END //\n        DELIMITER ;',
  );
  expect(text.match(/DROP PROCEDURE/g)).toHaveLength(1);
  expect(text).toContain('-- cured by the statements above');
});

test('a reason that several places share is given once, in front of them', () => {
  const accounts = ['app', 'batch'].map((user) => ({
    user,
    host: '%',
    plugins: ['mysql_native_password'],
    locked: false,
  }));
  const text = renderPrecheck(judged({ from: '8.4.3', schema: { accounts } }));
  expect(text.match(/mysql_native_password is gone/gi)).toHaveLength(1);
  expect(text).toMatch(
    /    each of these: mysql_native_password is gone.*\n    'app'@'%' \[8\.4 → 9\.7\]\n {8}ALTER USER 'app'/,
  );
});

test('more than twenty places of one kind are counted', () => {
  const schemas = Array.from({ length: 25 }, (_one, at) => ({ name: `s${at}`, charset: 'utf8' }));
  const text = renderPrecheck(judged({ schema: { schemas } }));
  expect(text.match(/ALTER DATABASE/g)).toHaveLength(20);
  expect(text).toContain('… and 5 more: --json lists all');
});

test('without errors it says that nothing stops the upgrade', () => {
  expect(renderPrecheck(judged({ from: '8.4.3' }))).toMatch(
    /0 errors, 0 warnings, 2 notices: nothing stops 8\.4 → 9\.7$/,
  );
});

#!/usr/bin/env node
'use strict';
/*
 * Stands in for Percona XtraBackup where it cannot be had: its options, its order of steps, the files it writes, its refusals. What it
 * copies is a CLONE, and an incremental one is a whole one, too; `xbstream` is tar. Source: Percona XtraBackup manual.
 */
const { execFileSync, spawnSync } = require('node:child_process');
const {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { basename, dirname, join } = require('node:path');

const options = Object.fromEntries(
  process.argv.slice(2).map((word) => {
    const [name, ...value] = word.replace(/^--/, '').split('=');
    return [name, value.join('=') || true];
  }),
);
const fail = (why) => {
  process.stderr.write(`${new Date().toISOString()} 0 [ERROR] [Xtrabackup] ${why}\n`);
  process.exit(1);
};
const checkpoints = (folder) => {
  const text = readFileSync(join(folder, 'xtrabackup_checkpoints'), 'utf8');
  const value = (name) => new RegExp(`^${name} = (.*)$`, 'm').exec(text)?.[1] ?? fail(`no ${name} in ${folder}`);
  return { type: value('backup_type'), from: value('from_lsn'), to: value('to_lsn') };
};
const writeCheckpoints = (folder, { type, from, to }) =>
  writeFileSync(
    join(folder, 'xtrabackup_checkpoints'),
    `backup_type = ${type}\nfrom_lsn = ${from}\nto_lsn = ${to}\nlast_lsn = ${to}\nflushed_lsn = ${to}\n`,
  );

if (options.version) {
  process.stderr.write(
    'xtrabackup version 9.7.4-1 based on MySQL server 9.7.4 Linux (x86_64) (revision id: stand-in)\n',
  );
  process.exit(0);
}
if (basename(process.argv[1]) === 'xbstream') unpack();
else if (options.backup) backUp();
else if (options.prepare) prepare();
else fail('neither --backup nor --prepare');

function unpack() {
  if (!options.extract) fail('only --extract');
  if (existsSync(join(dirname(process.argv[1]), 'disk-is-full'))) fail('write: No space left on device');
  // tar stops at its end mark; xbstream reads on to the end of what comes.
  const both = 'tar -x --no-same-owner -C "$0"; ended=$?; cat > /dev/null; exit $ended';
  process.exit(spawnSync('sh', ['-c', both, options.directory], { stdio: 'inherit' }).status ?? 1);
}

function backUp() {
  if (options.stream !== 'xbstream') fail('only --stream=xbstream');
  appendFileSync(join(dirname(process.argv[1]), 'copies'), '.');
  const besides = options['extra-lsndir'];
  if (besides !== undefined && !existsSync(besides)) fail(`cannot write to ${besides}`);
  const file = `--defaults-file=${options['defaults-file']}`;
  const sql = (statement) =>
    execFileSync(
      join(dirname(process.argv[1]), 'mysql'),
      [file, '--batch', '--skip-column-names', '--execute', statement],
      {
        encoding: 'utf8',
      },
    ).trim();
  const from = options['incremental-lsn'] ?? '0';
  const data = join(options['target-dir'], 'data');
  sql('STOP REPLICA SQL_THREAD');
  const gtids = sql('SELECT @@global.gtid_executed').replaceAll('\\n', '\n');
  cloneInto(data);
  const [to, version] = [
    sql("SELECT JSON_EXTRACT(STORAGE_ENGINES, '$.InnoDB.LSN') FROM performance_schema.log_status"),
    sql('SELECT VERSION()'),
  ];
  sql('START REPLICA SQL_THREAD');
  if (BigInt(from) > BigInt(to)) fail(`incremental-lsn ${from} is behind the end of the redo log ${to}`);
  for (const folder of besides === undefined ? [data] : [data, besides]) {
    writeCheckpoints(folder, { type: from === '0' ? 'full-backuped' : 'incremental', from, to });
    writeFileSync(
      join(folder, 'xtrabackup_info'),
      `tool_name = xtrabackup\ntool_version = stand-in\nserver_version = ${version}\nbinlog_pos = filename 'binlog.000001', position '4', GTID of the last change '${gtids}'\ninnodb_from_lsn = ${from}\ninnodb_to_lsn = ${to}\nincremental = ${from === '0' ? 'N' : 'Y'}\nformat = xbstream\n`,
    );
  }
  process.exit(spawnSync('tar', ['-c', '-f', '-', '-C', data, '.'], { stdio: 'inherit' }).status ?? 1);
}

/** A server clones once at a time: the clone of a stand-in that was killed comes to its end first, as that of nobody. */
function cloneInto(data) {
  for (;;) {
    const { status, stderr } = spawnSync(
      join(dirname(process.argv[1]), 'mysql'),
      [`--defaults-file=${options['defaults-file']}`, '--execute', `CLONE LOCAL DATA DIRECTORY = '${data}'`],
      { encoding: 'utf8' },
    );
    if (status === 0) return;
    if (!/ERROR (3634|1007)/.test(stderr)) fail(stderr);
    rmSync(data, { recursive: true, force: true });
    spawnSync('sleep', ['0.2']);
  }
}

function prepare() {
  const target = options['target-dir'];
  const base = checkpoints(target);
  const log = options['apply-log-only'] ? 'log-applied' : 'full-prepared';
  const from = options['incremental-dir'];
  if (from === undefined) {
    if (!['full-backuped', 'log-applied'].includes(base.type)) fail(`${target} is ${base.type}`);
    writeCheckpoints(target, { ...base, type: log });
    return;
  }
  const more = checkpoints(from);
  if (base.type !== 'log-applied') fail(`This target seems to be not prepared with --apply-log-only: ${base.type}`);
  if (more.type !== 'incremental' || more.from !== base.to)
    fail(
      `This incremental backup seems not to be proper for the target: from_lsn ${more.from}, to_lsn of the target ${base.to}`,
    );
  for (const name of readdirSync(target)) rmSync(join(target, name), { recursive: true });
  mkdirSync(target, { recursive: true });
  cpSync(from, target, { recursive: true });
  writeCheckpoints(target, { from: base.from, to: more.to, type: log });
}

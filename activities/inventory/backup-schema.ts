import { z } from 'zod';
import { name, secret } from './fields';
import { command, says, span, strict, text, wholeNumber } from './words';

const folderStore = strict(
  {
    kind: z.literal('folder').describe('A folder of the worker.'),
    path: text('a folder', 'for example /backups').describe(
      'Folder of the store; relative to the folder of this inventory. It must exist: a mount that is away is not written beside.',
    ),
  },
  'a folder store with path',
  'for example { kind: folder, path: /backups }',
);

const urlWords = says('a web address', 'for example http://10.0.0.40:9000');

const s3Store = strict(
  {
    kind: z.literal('s3').describe('A bucket.'),
    bucket: text('the name of a bucket', 'for example mysql-backups').describe('Bucket; it must exist.'),
    prefix: z
      .string(says('a prefix', 'for example fleet/'))
      .regex(/^([A-Za-z0-9._=-]+\/)*$/, says('a prefix that ends with "/"', 'for example fleet/'))
      .default('')
      .describe('Before every key of ours.'),
    region: text('a region', 'for example eu-central-1').exactOptional().describe("Default: AWS's own settings."),
    endpoint: z
      .string(urlWords)
      .regex(/^https?:\/\/\S+$/, urlWords)
      .exactOptional()
      .describe('Address of another server of the protocol; buckets are then named in the path.'),
    credentials: strict(
      {
        accessKeyId: secret('an access key id').describe('Where the access key id is found.'),
        secretAccessKey: secret('a secret access key').describe('Where the secret access key is found.'),
      },
      'credentials with accessKeyId and secretAccessKey',
      'leave the line out for a role or AWS_PROFILE',
    )
      .exactOptional()
      .describe("Default: AWS's own settings, as a role of the machine."),
    partMegabytes: wholeNumber(5, 1024, 'a whole number from 5 to 1024', 'for example 16')
      .default(16)
      .describe('A file has at most 10,000 parts; each stream keeps two in memory.'),
  },
  'an S3 store with bucket',
  'for example { kind: s3, bucket: mysql-backups, region: eu-central-1 }',
);

const keysWords = says(
  'a list of at least one key',
  'for example keys: [{ id: "2026-11", key: { file: secrets/backups-2026-11 } }]',
);

const encryption = strict(
  {
    keys: z
      .array(
        strict(
          {
            id: name('the id of a key', '"2026-11"').describe(
              'Stands in plain text in what it sealed; never used again for another key.',
            ),
            key: secret('a key').describe(
              '32 bytes as base64 or hex: `openssl rand -base64 32`. Keep a copy elsewhere.',
            ),
          },
          'a key with id and key',
          'for example { id: "2026-11", key: { file: secrets/backups-2026-11 } }',
        ),
        keysWords,
      )
      .min(1, keysWords)
      .describe('The first seals; all of them open.'),
  },
  'encryption with keys',
  'for example { keys: [{ id: "2026-11", key: { file: secrets/backups-2026-11 } }] }',
);

const count = (what: string, most: number) =>
  wholeNumber(0, most, `a number of ${what} from 0 to ${most}`, 'for example 4');

const retention = strict(
  {
    atLeast: wholeNumber(1, 1000, 'a whole number from 1 to 1000', 'for example 2')
      .default(2)
      .describe('So many stay whatever their age.'),
    days: span('days', 0, 36_500).default(14).describe('Younger ones stay.'),
    weeks: count('weeks', 520).default(0).describe('Beyond those, the newest of each of so many weeks stays.'),
    months: count('months', 120).default(0).describe('And the newest of each of so many months.'),
    promisedDays: span('days', 0, 3_660)
      .default(7)
      .describe('Any second of so many past days can be restored: the base before it stays. 0: nothing is promised.'),
  },
  'a retention with atLeast and days',
  'for example { atLeast: 2, days: 14, weeks: 8, months: 12, promisedDays: 7 }',
).prefault({});

const scratch = strict(
  {
    mysqld: text('a program', 'for example /usr/sbin/mysqld').describe(
      "Server program on the worker's machine, of the release that is backed up.",
    ),
    folder: text('a folder', 'for example /scratch').describe(
      'Scratch servers live in folders of their own below it; relative to the folder of this inventory.',
    ),
    options: z
      .record(
        z.string().regex(/^[a-z][a-z0-9_-]*$/i, says('the name of an option', 'for example lc-messages-dir')),
        z.union(
          [z.string().regex(/^[^\r\n]*$/), z.number()],
          says('a value', 'for example lc-messages-dir: /usr/share/mysql'),
        ),
        says('options of mysqld', 'for example { lc-messages-dir: /usr/share/mysql }'),
      )
      .default({})
      .describe('More of the option file of a scratch server.'),
    bufferPoolMegabytes: wholeNumber(32, 1_048_576, 'a whole number from 32', 'for example 1024')
      .default(256)
      .describe('innodb_buffer_pool_size of a scratch server.'),
  },
  'a scratch place with mysqld and folder',
  'for example { mysqld: /usr/sbin/mysqld, folder: /scratch }',
);

const archive = strict(
  {
    folder: text('a folder', 'for example /var/lib/mysql-runbooks/archive').describe(
      "First tier on the worker's machine, safe within milliseconds; relative to the folder of this inventory.",
    ),
    megabytes: wholeNumber(1, 1024, 'a whole number from 1 to 1024', 'for example 64')
      .default(64)
      .describe('A file is closed, and brought to the store, at this size.'),
    seconds: span('seconds', 1, 86_400)
      .default(60)
      .describe('Or so long after its beginning: the store is never further behind.'),
    keepDays: span('days', 0, 365).default(1).describe('Files that are in the store stay in the folder so long.'),
  },
  'an archive with folder',
  'for example { folder: /var/lib/mysql-runbooks/archive }',
);

const copies = text('a folder', 'for example /var/lib/mysql-clone').describe(
  'Absolute, on the host of the server that is copied, and not in its data folder. CLONE: its server writes a whole copy there; XtraBackup: what is known of one.',
);

const physical = z.discriminatedUnion(
  'tool',
  [
    strict(
      {
        tool: z.literal('clone').describe('CLONE LOCAL DATA DIRECTORY, from 8.0.17.'),
        folder: copies,
      },
      'a copy by CLONE with folder',
      'for example { tool: clone, folder: /var/lib/mysql-clone }',
    ),
    strict(
      {
        tool: z.literal('xtrabackup').describe('Percona XtraBackup of the release of the server.'),
        command: command('[xtrabackup, --defaults-file=/etc/mysql/backup.cnf]').describe(
          'The program on the host of the server; its login stays there, in an option file.',
        ),
        folder: copies,
      },
      'a copy by XtraBackup with command and folder',
      'for example { tool: xtrabackup, command: [xtrabackup, --defaults-file=/etc/mysql/backup.cnf], folder: /var/tmp/xtrabackup }',
    ),
  ],
  says('a way to copy by tool clone or xtrabackup', 'for example { tool: clone, folder: /var/lib/mysql-clone }'),
);

/** Backups of one cluster. */
export const backups = strict(
  {
    store: z
      .discriminatedUnion(
        'kind',
        [folderStore, s3Store],
        says('a store of kind folder or s3', 'for example { kind: folder, path: /backups }'),
      )
      .describe('Where backups and archived binary logs are kept.'),
    encryption: encryption.exactOptional().describe('Seals what is stored. Left out: compressed only.'),
    compression: strict(
      {
        level: wholeNumber(1, 19, 'a level of zstd from 1 to 19', 'for example 3')
          .default(3)
          .describe('Level of zstd.'),
        threads: wholeNumber(1, 64, 'a whole number from 1 to 64', 'for example 1')
          .default(1)
          .describe('Threads of zstd for each stream.'),
      },
      'compression with level',
      'for example { level: 3 }',
    )
      .prefault({})
      .describe('Everything is compressed by the program zstd.'),
    parallel: wholeNumber(1, 64, 'a whole number from 1 to 64', 'for example 4')
      .default(4)
      .describe('So many sessions dump, and so many load when it is restored.'),
    retention: retention.describe('What stays. The only verified backup always does.'),
    scratch: scratch.exactOptional().describe('Where backups are restored to be proven. Left out: nowhere.'),
    archive: archive.exactOptional().describe('Binary logs are archived all the time. Left out: they are not.'),
    physical: physical.exactOptional().describe('How a whole data folder is copied. Left out: backups are logical.'),
  },
  'backups with a store',
  'for example backups: { store: { kind: folder, path: /backups } }',
);

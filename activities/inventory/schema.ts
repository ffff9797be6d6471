import { z } from 'zod';
import { cluster } from './cluster-schema';
import { atMost, name, secret } from './fields';
import { people } from './people-schema';
import { schedules } from './schedule-schema';
import { addressText, command, says, strict, text } from './words';

/**
 * The inventory as it is written. Every field's words (what is expected, how to write it) stand next to the field;
 * positions in the file are added by findings.ts, checks across fields by crosschecks.ts.
 */
const notification = z.discriminatedUnion(
  'kind',
  [
    strict(
      {
        kind: z.literal('command').describe('A program on the worker.'),
        command: command('[/usr/local/bin/page-dba, --from, runbooks]').describe(
          'Gets the message as JSON on its input.',
        ),
      },
      'a notification',
      '{ kind: command, command: [/usr/local/bin/page-dba] }',
    ),
    strict(
      {
        kind: z.literal('webhook').describe('An HTTP POST of JSON.'),
        url: secret('a web address').describe('Where the address is found; it often holds a token.'),
      },
      'a notification',
      '{ kind: webhook, url: { env: DBA_WEBHOOK_URL } }',
    ),
  ],
  says(
    'a notification of kind command or webhook',
    '{ kind: command, command: […] } or { kind: webhook, url: { env: DBA_WEBHOOK_URL } }',
  ),
);

const clusters = says(
  'at least one cluster, by name',
  'for example clusters: { orders: { durability: semi-sync, … } }; see docs/inventory.md',
);

const webUiWords = says('a web address', 'write it as in http://127.0.0.1:8233');

export const inventorySchema = strict(
  {
    clusters: z
      .record(name('a cluster name', 'orders'), cluster, clusters)
      .refine((written) => Object.keys(written).length > 0, clusters)
      .describe('The clusters, by name.'),
    reports: text('a folder', 'for example /var/lib/mysql-runbooks/reports')
      .default('runbook-reports')
      .describe('Folder for reports and files of lost transactions; relative to the folder of this inventory.'),
    limits: strict(
      {
        automaticFailovers: atMost(3).describe(
          'More automatic failovers in the whole fleet than this, and a person is asked.',
        ),
      },
      'limits',
      'for example { automaticFailovers: { failovers: 3, perMinutes: 60 } }',
    )
      .prefault({})
      .describe('Limits across all clusters: beyond them a person is asked.'),
    people,
    schedules,
    notifications: z
      .array(notification, says('a list of notifications', 'leave the line out where there is none'))
      .default([])
      .describe('Who is told about failovers and open questions. A failed notification never stops a runbook.'),
    temporal: strict(
      {
        address: addressText('127.0.0.1:7233').exactOptional().describe('host:port. TEMPORAL_ADDRESS goes before it.'),
        namespace: text('a namespace', 'for example default')
          .exactOptional()
          .describe('TEMPORAL_NAMESPACE goes before it.'),
        webUi: z
          .string(webUiWords)
          .refine((written) => /^https?:\/\/\S+$/.test(written), webUiWords)
          .exactOptional()
          .describe("Address of the Web UI, for links. Default: the development server's, on the address of Temporal."),
      },
      'temporal with address and namespace',
      'for example { address: "127.0.0.1:7233", namespace: default }',
    )
      .prefault({})
      .describe('The Temporal service that runs the runbooks.'),
  },
  'an inventory with clusters',
  'see docs/inventory.md for the smallest one',
);

export type WrittenInventory = z.output<typeof inventorySchema>;
export type Notification = WrittenInventory['notifications'][number];

import { z } from 'zod';
import { cluster } from './cluster-schema';
import { encryption } from './encryption-schema';
import { atMost, name } from './fields';
import { gateway } from './gateway-schema';
import { notification, slack } from './notification-schema';
import { people } from './people-schema';
import { schedules } from './schedule-schema';
import { addressText, flag, says, strict, text } from './words';

/**
 * The inventory as it is written. Every field's words (what is expected, how to write it) stand next to the field;
 * positions in the file are added by findings.ts, checks across fields by crosschecks.ts.
 */
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
    audit: strict(
      {
        file: text('a file name', 'for example /var/log/mysql-runbooks/audit.jsonl')
          .exactOptional()
          .describe('Appended to by every worker and the gateway; relative to the folder of this inventory.'),
        stdout: flag('leave the line out for false').default(false).describe("Also on the worker's standard output."),
      },
      'audit with file or stdout',
      'for example { file: /var/log/mysql-runbooks/audit.jsonl }',
    )
      .exactOptional()
      .describe('One JSON line for every decision, step, and statement that changed a server. Left out: none.'),
    encryption: encryption
      .exactOptional()
      .describe('Encrypts what Temporal stores. Left out: plain text. Secrets are never among it.'),
    notifications: z
      .array(notification, says('a list of notifications', 'leave the line out where there is none'))
      .default([])
      .describe('Who is told of runs beside Slack. A failed notification never stops a runbook.'),
    slack: slack.exactOptional().describe('The Slack app that tells of runs and takes answers. Default: none.'),
    gateway,
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
export type Encryption = NonNullable<WrittenInventory['encryption']>;

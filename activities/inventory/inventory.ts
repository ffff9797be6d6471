import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { type Voter } from '../../workflows/decisions/approvals';
import { type Account, type Cluster } from '../../workflows/decisions/cluster';
import { type Person } from '../../workflows/decisions/people';
import { type Router } from '../../workflows/decisions/router';
import { type Schedule } from '../../workflows/decisions/schedules';
import { RunbookError } from '../errors';
import { absoluteBackups } from './backup-paths';
import { contradictionsOf } from './crosschecks';
import {
  absoluteAccount,
  absoluteCommand,
  absoluteCommands,
  absoluteControl,
  absoluteSecret,
  absoluteSocket,
  absoluteTls,
} from './paths';
import { systemCode } from './system-code';
import { type Finding, findingAt, findingOfYaml, findingsOf, printFinding, type Source } from './findings';
import { type Gateway, settleGateway } from './gateway';
import { type Notification, type SlackSettings } from './notification-schema';
import { type Encryption, inventorySchema, type WrittenInventory } from './schema';
import { didYouMean } from './suggest';

/** The fleet as its inventory file describes it, defaults filled in and paths made absolute. Holds references to secrets only. */
export interface Inventory {
  /** Absolute. */
  readonly path: string;
  /** Relative paths of the file are meant from here. */
  readonly folder: string;
  readonly clusters: readonly Cluster[];
  /** Absolute folder for reports and files of lost transactions. */
  readonly reports: string;
  readonly limits: {
    /** Across all clusters; beyond it a person is asked. */
    readonly automaticFailovers: { readonly failovers: number; readonly perMinutes: number };
  };
  readonly people: readonly Person[];
  readonly schedules: readonly Schedule[];
  readonly encryption?: Encryption;
  /** `file` is absolute. */
  readonly audit?: { readonly file?: string; readonly stdout: boolean };
  readonly notifications: readonly Notification[];
  readonly slack?: SlackSettings;
  readonly gateway?: Gateway;
  readonly temporal: { readonly address?: string; readonly namespace?: string; readonly webUi?: string };
}

export type EncryptionKey = Encryption['keys'][number];

/** Read and check an inventory. Throws INVENTORY_INVALID, whose message lists every finding with file, line and cure. */
export async function loadInventory(path: string): Promise<Inventory> {
  return parseInventory(await readText(path), path);
}

export function parseInventory(text: string, path: string): Inventory {
  const { inventory, findings } = examineInventory(text, path);
  if (inventory) return inventory;
  throw inventoryInvalid(path, findings);
}

export type Examination =
  | { readonly inventory: Inventory; readonly findings: readonly [] }
  | { readonly inventory?: undefined; readonly findings: readonly Finding[] };

/** The inventory, or all that is wrong with it. `path` is printed in findings as it is given. Never throws for what is written. */
export function examineInventory(text: string, path: string): Examination {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  if (document.errors.length > 0) return { findings: document.errors.map((error) => findingOfYaml(error, path)) };

  const source: Source = { file: path, document, lines };
  const value = toValue(source);
  if ('finding' in value) return { findings: [value.finding] };

  const checked = inventorySchema.safeParse(value.plain);
  if (!checked.success) return { findings: findingsOf(checked.error.issues, source) };

  const contradictions = contradictionsOf(checked.data);
  if (contradictions.length > 0) {
    return { findings: contradictions.map(({ path: where, message }) => findingAt(where, message, source)) };
  }
  return { inventory: settle(checked.data, resolve(path)), findings: [] };
}

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new RunbookError({
      code: 'INVENTORY_INVALID',
      message: `the inventory ${path} cannot be read: ${systemWords(cause)}`,
      hint: 'Name it with --inventory FILE or RUNBOOK_INVENTORY; `runbook lab up` writes one for a fleet on this machine.',
      cause,
    });
  }
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};

const systemWords = (cause: unknown) => {
  const code = systemCode(cause);
  return SYSTEM_WORDS[code] ?? code;
};

/** Aliases that are unknown, or that multiply without end, show only when the tree becomes a value. */
function toValue(source: Source): { plain: unknown } | { finding: Finding } {
  try {
    return { plain: source.document.toJS() };
  } catch (error) {
    const words = error instanceof Error ? error.message : 'unreadable';
    return {
      finding: findingAt([], `this is not valid YAML: ${words} — define each &anchor once, before its *alias`, source),
    };
  }
}

function inventoryInvalid(path: string, findings: readonly Finding[]): RunbookError {
  const count = findings.length === 1 ? 'a mistake' : `${findings.length} mistakes`;
  return new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `the inventory ${basename(path)} has ${count}:\n${findings.map((finding) => `  ${printFinding(finding)}`).join('\n')}\n`,
    hint: 'Correct the file, then run `runbook inventory check`.',
  });
}

/** Throws UNKNOWN_CLUSTER with the nearest name and the list of the known ones. */
export function findCluster(inventory: Inventory, name: string): Cluster {
  const found = inventory.clusters.find((cluster) => cluster.name === name);
  if (found) return found;
  const known = inventory.clusters.map((cluster) => cluster.name);
  throw new RunbookError({
    code: 'UNKNOWN_CLUSTER',
    message: `there is no cluster "${name}" in ${inventory.path}${didYouMean(name, known)}`,
    hint: `Clusters there: ${known.join(', ')}.`,
  });
}

/** From what is written to what the rest of the program sees: names inside, router names filled in, paths absolute. */
function settle(written: WrittenInventory, path: string): Inventory {
  const folder = dirname(path);
  const account = (one: Account) => absoluteAccount(one, folder);

  // The cluster stands in workflow history: of people only what decides.
  const voters = written.people.map(({ name, roles, group }): Voter => ({
    name,
    roles,
    ...(group === undefined ? {} : { group }),
  }));
  const clusters = Object.entries(written.clusters).map(
    ([name, { accounts, tls, applications, drill, instances, backups, upgrade, ...cluster }]): Cluster => ({
      name,
      ...cluster,
      instances: instances.map(({ control, ...one }) => ({
        ...one,
        ...(control && { control: absoluteControl(control, folder) }),
      })),
      accounts: {
        admin: account(accounts.admin),
        replication: account(accounts.replication),
        ...(accounts.backup && { backup: account(accounts.backup) }),
      },
      tls: absoluteTls(tls, folder),
      ...(applications && {
        applications: applications.map((one) => ({ ...one, command: absoluteCommand(one.command, folder) })),
      }),
      ...(backups && { backups: absoluteBackups(backups, folder) }),
      ...(drill && { drill: { ...drill, ...absoluteCommands(drill, folder) } }),
      ...(upgrade && { upgrade: { ...upgrade, ...absoluteCommands(upgrade, folder) } }),
      routers: named(cluster.routers).map((router) => settleRouter(router, folder)),
      approvals: { ...cluster.approvals, people: voters },
    }),
  );

  const { gateway, ...rest } = written;
  return {
    ...rest,
    path,
    folder,
    clusters,
    reports: resolve(folder, written.reports),
    ...(written.audit && { audit: settleAudit(written.audit, folder) }),
    ...(written.encryption && { encryption: settleEncryption(written.encryption, folder) }),
    notifications: written.notifications.map((notification) => settleNotification(notification, folder)),
    ...(written.slack && { slack: settleSlack(written.slack, folder) }),
    ...(gateway && { gateway: settleGateway(gateway, folder, (reference) => absoluteSecret(reference, folder)) }),
  };
}

function settleNotification(notification: Notification, folder: string): Notification {
  switch (notification.kind) {
    case 'command':
      return { ...notification, command: absoluteCommand(notification.command, folder) };
    case 'webhook': {
      const { url, secret, ...rest } = notification;
      return {
        ...rest,
        url: absoluteSecret(url, folder),
        ...(secret && { secret: absoluteSecret(secret, folder) }),
      };
    }
    case 'email': {
      const { account, ...rest } = notification;
      return { ...rest, ...(account && { account: absoluteAccount(account, folder) }) };
    }
    case 'pagerduty':
      return { ...notification, routingKey: absoluteSecret(notification.routingKey, folder) };
  }
}

function settleSlack({ token, signingSecret, appToken, ...slack }: SlackSettings, folder: string): SlackSettings {
  return {
    ...slack,
    token: absoluteSecret(token, folder),
    ...(signingSecret && { signingSecret: absoluteSecret(signingSecret, folder) }),
    ...(appToken && { appToken: absoluteSecret(appToken, folder) }),
  };
}

const settleAudit = ({ file, stdout }: NonNullable<Inventory['audit']>, folder: string) => ({
  stdout,
  ...(file !== undefined && { file: resolve(folder, file) }),
});

const settleEncryption = ({ keys, codecServer }: Encryption, folder: string): Encryption => ({
  keys: keys.map(({ id, key }) => ({ id, key: absoluteSecret(key, folder) })),
  codecServer: {
    ...codecServer,
    ...(codecServer.token && { token: absoluteSecret(codecServer.token, folder) }),
  },
});

/** `haproxy-1`, `haproxy-2` … by position, passing over names that are written elsewhere. */
function named(routers: readonly WrittenRouter[]): Named[] {
  const taken = new Set(routers.map(({ name }) => name));
  return routers.map((router, index) => {
    if (router.name !== undefined) return { ...router, name: router.name };
    let name = `${router.kind}-${index + 1}`;
    while (taken.has(name)) name += '-unnamed';
    return { ...router, name };
  });
}

type WrittenRouter = WrittenInventory['clusters'][string]['routers'][number];
type Named = WrittenRouter & { readonly name: string };

function settleRouter(router: Named, folder: string): Router {
  switch (router.kind) {
    case 'haproxy':
      return { ...router, socket: absoluteSocket(router.socket, folder) };
    case 'proxysql':
      return {
        ...router,
        account: absoluteAccount(router.account, folder),
        tls: absoluteTls(router.tls, folder),
      };
    case 'dns': {
      const { writePort, key, ...dns } = router;
      const secret = absoluteSecret(key.secret, folder);
      return { ...dns, key: { ...key, secret }, writeAddress: { host: dns.writeName, port: writePort } };
    }
    case 'command': {
      const secrets = Object.entries(router.secrets).map(([name, at]) => [name, absoluteSecret(at, folder)] as const);
      return { ...router, command: absoluteCommand(router.command, folder), secrets: Object.fromEntries(secrets) };
    }
    case 'mysqlrouter': {
      const { url, account, ca } = router.restApi;
      return {
        ...router,
        shell: absoluteCommand(router.shell, folder),
        restart: absoluteCommand(router.restart, folder),
        restApi: {
          url,
          account: absoluteAccount(account, folder),
          ...(ca !== undefined && { ca: resolve(folder, ca) }),
        },
      };
    }
  }
}

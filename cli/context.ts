import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { type Command } from 'commander';
import { type Cluster } from '../workflows/decisions/cluster';
import { type Inventory } from '../activities/inventory/inventory';

/** What every command is given: the options that all share, and where to write. Heavy modules are loaded on first use. */
export interface Context {
  readonly json: boolean;
  readonly inventoryPath: string;
  /** Who asks, as reports name them: --as or RUNBOOK_AS, else who is logged in here. Their own word, in either case. */
  readonly by: string;
  /** A line for people; with --json nothing is printed. */
  say(line: string): void;
  /** The result: `text` for people, `value` for programs. */
  answer(text: string, value: unknown): void;
  /** A line that is not part of the result. */
  note(line: string): void;
  /** Throws INVENTORY_INVALID. */
  inventory(): Promise<Inventory>;
  /** The inventory, or null where none was named and none lies here: a laptop may have Temporal's address and no inventory. */
  inventoryIfAny(): Promise<Inventory | null>;
  /** Throws INVENTORY_INVALID, UNKNOWN_CLUSTER. */
  cluster(name: string): Promise<{ inventory: Inventory; cluster: Cluster }>;
}

interface SharedOptions {
  readonly inventory?: string;
  readonly json?: true;
  readonly as?: string;
}

const DEFAULT_INVENTORY = 'fleet.yaml';

export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<SharedOptions>();
  const named = options.inventory ?? process.env['RUNBOOK_INVENTORY'];
  const inventoryPath = named !== undefined && named !== '' ? named : DEFAULT_INVENTORY;
  const json = options.json === true;

  const inventory = async () => (await import('../activities/inventory/inventory.js')).loadInventory(inventoryPath);
  return {
    json,
    inventoryPath,
    by: [options.as, process.env['RUNBOOK_AS']].find((name) => name?.trim()) ?? requester(),
    say: (line) => {
      if (!json) write(process.stdout, line);
    },
    answer: (text, value) => write(process.stdout, json ? JSON.stringify(value, null, 2) : text),
    note: (line) => write(process.stderr, line),
    inventory,
    inventoryIfAny: async () => (named === undefined && !existsSync(inventoryPath) ? null : inventory()),
    cluster: async (name) => {
      const { findCluster } = await import('../activities/inventory/inventory.js');
      const read = await inventory();
      return { inventory: read, cluster: findCluster(read, name) };
    },
  };
}

const write = (stream: NodeJS.WriteStream, line: string) => {
  stream.write(line.endsWith('\n') ? line : `${line}\n`);
};

/** On shared accounts the person behind sudo, where it is known. */
function requester(): string {
  return `${process.env['SUDO_USER'] ?? userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user number without an entry in /etc/passwd.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

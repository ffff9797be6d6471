import { type Cluster } from '../cluster';
import { type CheckId } from './checks';
import { type SchemaFacts, type ServerSettings } from './facts';
import { stepThatMeets, type UpgradePath } from './releases';

/** `error`: the upgrade fails, or something that works today stops. `warning`: it may, look. `notice`: know it. */
export type Severity = 'error' | 'warning' | 'notice';

/** What a rule has found at one place. */
export interface Found {
  readonly check: CheckId;
  readonly severity: Severity;
  /** In which step of the path it happens: "8.0 → 8.4". */
  readonly step: string;
  /** The server that it is about; left out where it is about data or accounts, which replicate. */
  readonly instance?: string;
  /** Variable, account, table, column, program. */
  readonly where: string;
  /** What happens, in one sentence without a full stop. */
  readonly why: string;
  /**
   * Statements in the order to run them on that instance, or on the primary where there is none. A line that begins with `--` is for
   * what no statement on this server can do. Never empty.
   */
  readonly cure: readonly string[];
}

export interface UpgradeFinding extends Omit<Found, 'instance'> {
  /** Inventory name, or the cluster's: then its statements are run on the primary, and replicate. */
  readonly instance: string;
  /** Section of the MySQL manual. */
  readonly manual: string;
}

/** All that rules judge by. */
export interface Upgrade {
  readonly cluster: Cluster;
  readonly path: UpgradePath;
  readonly servers: readonly ServerSettings[];
  /** As one member has it: schemas, accounts and programs are the same on all of them. */
  readonly schema: SchemaFacts;
}

export type Rule = (upgrade: Upgrade) => readonly Found[];

/** The step in which what the schema was read from meets a change of release `since`; null when it does not. */
export const meets = ({ path, schema }: Upgrade, since: number, until?: number): string | null =>
  stepThatMeets(path, schema.version, since, until);

/** The step that comes first: for what is wrong whatever the release. */
export const firstStep = ({ path: { through } }: Pick<Upgrade, 'path'>): string => through.slice(0, 2).join(' → ');

/** A rule about data that matters only when a change of release `since` is met. */
export const whenMeeting =
  (since: number, judge: (upgrade: Upgrade) => readonly Omit<Found, 'step'>[]): Rule =>
  (upgrade) => {
    const step = meets(upgrade, since);
    return step === null ? [] : judge(upgrade).map((found) => ({ ...found, step }));
  };

/** A rule about one server's settings. */
export const onEachServer =
  (
    judge: (server: ServerSettings, meets: (since: number) => string | null) => readonly Omit<Found, 'instance'>[],
  ): Rule =>
  ({ servers, path }) =>
    servers.flatMap((server) =>
      judge(server, (since) => stepThatMeets(path, server.version, since)).map((found) => ({
        ...found,
        instance: server.name,
      })),
    );

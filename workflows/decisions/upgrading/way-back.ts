import { channelOf, type ClusterSnapshot, type InstanceFacts, readable, type Release } from '../facts';
import { type Refusal } from '../refusal';
import { sourceOf } from '../topology';
import { releaseNumber } from '../upgrade/releases';
import { isOlder } from './steps';

/** A link of replication that an upgrade lives by. */
export interface Link {
  readonly replica: string;
  readonly source: string;
}

/** Why a link does not carry, one sentence; null when it does. A server that is silent for a moment is not broken: `unread`. */
export type LinkState = { readonly state: 'whole' | 'unread' } | { readonly state: 'broken'; readonly because: string };

export function judgeLink({ members }: ClusterSnapshot, { replica, source }: Link): LinkState {
  const one = readable(members).find(({ name }) => name === replica);
  if (!one) return { state: 'unread' };
  const channel = channelOf(one);
  const broken = (because: string): LinkState => ({ state: 'broken', because });
  if (!channel) return broken(`${replica} copies from nobody`);
  const found = sourceOf(members, one)?.name;
  if (found !== source)
    return broken(`${replica} copies from ${found ?? 'a server outside the cluster'}, not from ${source}`);
  if (channel.applierError)
    return broken(
      `the applier of ${replica} stopped with error ${channel.applierError.code}: ${channel.applierError.message}`,
    );
  if (channel.applier === 'stopped') return broken(`the applier of ${replica} was stopped`);
  if (channel.receiver === 'stopped')
    return broken(
      channel.receiverError
        ? `${replica} receives nothing from ${source}: error ${channel.receiverError.code}: ${channel.receiverError.message}`
        : `the receiver of ${replica} was stopped`,
    );
  // It cannot log in, or reach it: tried again for ever without stopping.
  if (channel.receiver === 'connecting' && channel.receiverError)
    return broken(
      `${replica} cannot connect to ${source}: error ${channel.receiverError.code}: ${channel.receiverError.message}`,
    );
  return { state: 'whole' };
}

interface Trap {
  readonly variable: readonly string[];
  readonly when: (value: string, older: InstanceFacts, keepSeconds: number) => boolean;
  /** Only where the older server is before this release. */
  readonly before: Release;
  readonly why: (older: string) => string;
  readonly cure: (older: InstanceFacts) => string;
}

const same = (name: string) => ({
  variable: [name],
  before: '8.0' as const,
  when: (value: string, older: InstanceFacts) => value !== (older.detail?.variables[name] ?? value),
  why: (older: string) => `${older} may not know it: what is created without naming one would stop its applier`,
  cure: (older: InstanceFacts) => `SET PERSIST ${name} = '${older.detail?.variables[name] ?? ''}'`,
});

/**
 * What a newer source may write that an older replica cannot apply, as far as settings tell.
 * Sources: MySQL manual, "Replication Compatibility Between MySQL Versions", "Binary Log Transaction Compression",
 * "Partial Updates of JSON Values", "Caching SHA-2 Pluggable Authentication" (digest_rounds since 8.0.24; 9.7 has 10000 by itself); the collation of a session goes into the binary log with each transaction; `binlog_row_value_options` since 8.0.3, compression since 8.0.20, tagged GTIDs since 8.3.
 */
const TRAPS: readonly Trap[] = [
  {
    variable: ['binlog_row_value_options'],
    before: '8.0',
    when: (value) => /PARTIAL_JSON/i.test(value),
    why: (older) => `${older} does not know partial JSON updates`,
    cure: () => "SET PERSIST binlog_row_value_options = ''",
  },
  {
    variable: ['binlog_transaction_compression'],
    before: '8.4',
    when: (value) => /^(ON|1)$/i.test(value),
    why: (older) => `${older} may be of before 8.0.20, and cannot read compressed transactions then`,
    cure: () => 'SET PERSIST binlog_transaction_compression = OFF',
  },
  {
    variable: ['default_collation_for_utf8mb4'],
    before: '8.0',
    when: (value) => value.startsWith('utf8mb4_0900'),
    why: (older) => `a client that says SET NAMES utf8mb4 would write what ${older} cannot apply`,
    cure: () => 'SET GLOBAL default_collation_for_utf8mb4 = utf8mb4_general_ci',
  },
  {
    variable: ['caching_sha2_password_digest_rounds'],
    before: '8.4',
    when: (value, older) => value !== '5000' && older.release !== '5.7' && releaseNumber(older.version) < 80_024,
    why: (older) => `an account that is made or given a new password there would stop ${older} with error 1827`,
    cure: () => 'caching-sha2-password-digest-rounds = 5000 in the option file, then restart',
  },
  {
    variable: ['caching_sha2_password_storage_format'],
    before: '9.7',
    when: (value) => value !== 'CRYPT5',
    why: (older) => `${older} does not know passwords that are stored so`,
    cure: () => 'SET PERSIST caching_sha2_password_storage_format = CRYPT5',
  },
  {
    variable: ['max_allowed_packet'],
    before: '9.7',
    when: (value, older) => Number(value) > Number(older.detail?.variables['max_allowed_packet'] ?? value),
    why: (older) => `${older} takes less, and a bigger row would stop it`,
    cure: (older) => `SET PERSIST max_allowed_packet = ${older.detail?.variables['max_allowed_packet'] ?? ''}`,
  },
  same('character_set_server'),
  same('collation_server'),
  {
    variable: ['binlog_expire_logs_seconds'],
    before: '9.7',
    when: (value, _, keepSeconds) => Number(value) > 0 && Number(value) < keepSeconds,
    why: (older) => `the binary logs that ${older} needs would be purged while the way back is kept`,
    cure: () => 'SET PERSIST binlog_expire_logs_seconds = 604800',
  },
];

export interface WayBackQuestion {
  readonly snapshot: ClusterSnapshot;
  readonly oldPrimary: string;
  readonly newPrimary: string;
  readonly keepSeconds: number;
}

/** What would break the way back, found before the switch; needs a full look. */
export function risksToTheWayBack({ snapshot, oldPrimary, newPrimary, keepSeconds }: WayBackQuestion): Refusal[] {
  const members = readable(snapshot.members);
  const [older, newer] = [oldPrimary, newPrimary].map((wanted) => members.find(({ name }) => name === wanted));
  if (!older || !newer) return [];
  return TRAPS.flatMap(({ variable, when, before, why, cure }) =>
    variable.flatMap((name) => {
      const value = newer.detail?.variables[name];
      if (value === undefined || !isOlder(older.release, before) || !when(value, older, keepSeconds)) return [];
      return [
        {
          sentence: `${name} is ${value} on ${newPrimary}: ${why(oldPrimary)}`,
          cure: `${cure(older)} on ${newPrimary}`,
        },
      ];
    }),
  );
}

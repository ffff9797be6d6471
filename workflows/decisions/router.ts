import { type Account, type Address, type SecretReference, type TlsPolicy } from './references';

/** What sends clients to the primary: it is told where, read back, and proven by a write. What each kind can do: docs/routers.md. */
export type Router = HaproxyRouter | ProxysqlRouter | MysqlRouter | DnsRouter | CommandRouter;

/** One HAProxy, spoken to by its runtime socket. Server lines are named as the inventory names the instances. */
export interface HaproxyRouter {
  readonly kind: 'haproxy';
  readonly name: string;
  /** `unix:/path` or `host:port` of the stats socket (level admin). */
  readonly socket: string;
  /** Backend that takes writes; exactly one of its servers is ready. */
  readonly writeBackend: string;
  readonly readBackend?: string;
  /** Where a client connects for writes: the proof by a write goes through here. */
  readonly writeAddress: Address;
}

/** Whatever else sends clients somewhere, driven by a program of the user's or by one of `hooks/`. Its contract: docs/routers.md. */
export interface CommandRouter {
  readonly kind: 'command';
  readonly name: string;
  readonly command: readonly string[];
  /** For a whole call: the look before, the change, and reading it back. A look alone never takes more than two seconds. */
  readonly deadlineSeconds: number;
  /** It can let new connections wait. */
  readonly holds: boolean;
  /** It sends reads somewhere, too. */
  readonly reads: boolean;
  /** Handed to the program on its standard input, by these names. */
  readonly secrets: Readonly<Record<string, SecretReference>>;
  readonly writeAddress: Address;
}

/** One MySQL Router with static destinations: its configuration file is rewritten and it is restarted. */
export interface MysqlRouter {
  readonly kind: 'mysqlrouter';
  readonly name: string;
  /** NAME of its section `[routing:NAME]`. */
  readonly route: string;
  /** On the router's host. */
  readonly configFile: string;
  /** What goes before a shell on the router's host, such as `ssh root@router1`; empty = this machine. */
  readonly shell: readonly string[];
  /** Run by the worker, as it is written. */
  readonly restart: readonly string[];
  readonly restApi: {
    /** Without a path: `https://10.0.0.21:8443`. */
    readonly url: string;
    readonly account: Account;
    /** Certificate authority of an https address; left out = those that the machine trusts. */
    readonly ca?: string;
  };
  readonly deadlineSeconds: number;
  readonly writeAddress: Address;
}

/**
 * One ProxySQL, spoken to by its admin interface. Its servers are known by address: `hostname` and `port` of mysql_servers are those
 * of the inventory. The members of a ProxySQL cluster are a router each.
 */
export interface ProxysqlRouter {
  readonly kind: 'proxysql';
  readonly name: string;
  /** The admin interface (MySQL protocol, usually port 6032). */
  readonly admin: Address;
  /** One of admin-admin_credentials; the account `admin` itself is let in from the proxy's own host only. */
  readonly account: Account;
  readonly tls: TlsPolicy;
  /** Hostgroup that takes writes. */
  readonly writers: number;
  /** Hostgroup that takes reads. */
  readonly readers?: number;
  /** Where a client connects for writes: the proof by a write goes through here. */
  readonly writeAddress: Address;
}

/** A zone of a DNS server that takes dynamic updates. Names lead to the instances' own addresses. */
export interface DnsRouter {
  readonly kind: 'dns';
  readonly name: string;
  /** The primary server of the zone: it is asked itself, never through a cache. */
  readonly server: Address;
  readonly zone: string;
  /** The name that clients look up for writes, without a dot at its end. */
  readonly writeName: string;
  readonly readName?: string;
  /** TTL that the records are given: so long caches may lead clients to the old address. */
  readonly ttlSeconds: number;
  readonly key: TsigKey;
  /** As clients write it: `writeName` and the port. */
  readonly writeAddress: Address;
}

/** The shared secret (base64) that updates are signed with. */
export interface TsigKey {
  readonly name: string;
  readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';
  readonly secret: SecretReference;
}

/** Clients go through it, so taking them off a server takes effect at once. A name server has no client's session in hand. */
export const cutsSessions = ({ kind }: Router): boolean => kind !== 'dns';

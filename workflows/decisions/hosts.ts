import { type Cluster, type Instance } from './cluster';

/** How mysqld is started and stopped on an instance's host, and how a program is run there. */
export type HostControl =
  | {
      readonly kind: 'local';
      /** The server itself: it is left running. */
      readonly start: readonly string[];
      readonly pidFile: string;
    }
  | { readonly kind: 'systemd'; readonly unit: string; readonly sudo: boolean }
  | {
      readonly kind: 'ssh';
      readonly destination: string;
      readonly options: readonly string[];
      readonly unit: string;
      readonly sudo: boolean;
    }
  | { readonly kind: 'command'; readonly command: readonly string[] };

/** What becomes of redundancy by itself. Read it with `provisioningOf`. */
export interface ProvisioningPolicy {
  /** After a failover: the old primary is brought back, or filled anew where it cannot come back. */
  readonly afterFailover: 'no' | 'ask' | 'automatic';
  /** A donor gives no more than this. 0 = no limit. */
  readonly maxMegabytesPerSecond: number;
  /** A donor that falls behind by more gives slowly until it has caught up. */
  readonly donorLagSeconds: number;
  /** Reads come to a new replica little by little, over so long. */
  readonly rampSeconds: number;
}

const DEFAULTS: ProvisioningPolicy = {
  afterFailover: 'no',
  maxMegabytesPerSecond: 0,
  donorLagSeconds: 10,
  rampSeconds: 60,
};

export const provisioningOf = ({ provisioning }: Pick<Cluster, 'provisioning'>): ProvisioningPolicy =>
  provisioning ?? DEFAULTS;

export const tellControl = ({ control, name }: Pick<Instance, 'control' | 'name'>): string => {
  switch (control?.kind) {
    case undefined:
      return `nothing in the inventory starts the server of ${name}`;
    case 'local':
      return `${name} is a process of this machine`;
    case 'systemd':
      return `${name} is the unit ${control.unit} of this machine`;
    case 'ssh':
      return `${name} is the unit ${control.unit} at ${control.destination}`;
    case 'command':
      return `${name} is started by a program`;
  }
};

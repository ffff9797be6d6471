import { type Client } from '@temporalio/client';
import { type FastifyBaseLogger } from 'fastify';
import { type Inventory } from '../../activities/inventory/inventory';
import { type DoorEvent } from '../audit';
import { type Secrets } from './authenticate';

export interface GatewayDeps {
  /** As it is now: rules, sources and people follow the file. */
  readonly inventory: () => Promise<Inventory>;
  readonly secrets: Secrets;
  readonly client: Client;
  readonly log: FastifyBaseLogger;
  /** What came in and what became of it, for the audit log. */
  readonly audit?: (event: DoorEvent) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer };
}

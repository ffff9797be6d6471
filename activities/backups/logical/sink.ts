import { type Readable } from 'node:stream';
import { type FilePart } from '../../../workflows/decisions/backups/manifest';
import { type Pieces } from './split';

/** Where a dump goes: schemas first, then tables piece by piece, then all that stands beside them. */
export interface Sink {
  /** Large tables are cut into pieces of about so much, so that they are loaded by several sessions. */
  readonly pieceBytes: number;
  put(part: FilePart, body: Readable | string): Promise<void>;
  /** Pieces of a dump, one after the other. Call it for each dump. */
  pieces(): Pieces;
}

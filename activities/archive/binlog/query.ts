import { cursorAt, take, unsigned } from './numbers';

export interface Query {
  /** The schema that was in use; '' without one. */
  readonly schema: string;
  readonly text: string;
}

/** Read the body of a statement. Throws RangeError. Source: MySQL source, Query_event, statement_events.h. */
export function readQuery(body: Buffer): Query {
  const cursor = cursorAt(body, 8);
  const schemaBytes = unsigned(cursor, 1);
  unsigned(cursor, 2); // its error code
  take(cursor, unsigned(cursor, 2));
  const schema = take(cursor, schemaBytes).toString('utf8');
  take(cursor, 1);
  return { schema, text: body.toString('utf8', cursor.at) };
}

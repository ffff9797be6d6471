/** What one route's section says, and where; or why it cannot be driven, with the cure. */
export type RouteSection =
  { readonly destinations: string; readonly line: number } | { readonly problem: string; readonly hint: string };

/**
 * Find `destinations` of `[routing:NAME]` in a configuration file of MySQL Router: sections, `option = value` or `option: value`, comments by
 * # and ; at the beginning of a line, no continued lines. Names of sections and options know no case, the name behind the colon does.
 * Source: MySQL Router manual, "Configuration File Syntax", "Configuration File Options".
 */
export function findRoute(text: string, route: string): RouteSection {
  const routes: string[] = [];
  let section = '';
  let found: { destinations: string; line: number } | undefined;
  for (const [line, raw] of text.split('\n').entries()) {
    const words = raw.trim();
    if (words === '' || words.startsWith('#') || words.startsWith(';')) continue;
    const header = /^\[([^:\]]+)(?::([^\]]*))?\]$/.exec(words);
    if (header) {
      section = header[1]?.toLowerCase() === 'routing' ? (header[2] ?? '') : '';
      if (section !== '') routes.push(section);
      if (header[1]?.toLowerCase() === 'metadata_cache') return METADATA_DRIVEN;
      continue;
    }
    const destinations = OPTION.exec(raw)?.[2];
    if (section === route && destinations !== undefined) found = { destinations, line };
  }
  if (found && /^metadata-cache:/i.test(found.destinations)) return METADATA_DRIVEN;
  if (found) return found;
  return routes.includes(route)
    ? {
        problem: `its section [routing:${route}] has no destinations`,
        hint: 'Give that section a `destinations = host:port` line of its own.',
      }
    : {
        problem: `its configuration file has no section [routing:${route}]; it has ${routes.join(', ') || 'no route at all'}`,
        hint: 'Correct `route` or `configFile` in the inventory.',
      };
}

const OPTION = /^(\s*destinations\s*[=:]\s*)(.*?)(\s*)$/i;

const METADATA_DRIVEN = {
  problem: 'it follows the metadata of an InnoDB Cluster, which moves its destinations by itself',
  hint: 'Take it out of the inventory until Group Replication support lands; only static destinations are driven here.',
};

/** The same text with other destinations in that line; every other byte stays. */
export function withDestinations(text: string, line: number, destinations: string): string {
  const lines = text.split('\n');
  lines[line] = (lines[line] ?? '').replace(
    OPTION,
    (_, before: string, __, after: string) => before + destinations + after,
  );
  return lines.join('\n');
}

/** `host:port` of each destination; 3306 where none is written. */
export const addressesIn = (destinations: string): string[] =>
  destinations
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => (/^(\[.*\]|[^:]*):\d+$/.test(one) ? one : `${one}:3306`));

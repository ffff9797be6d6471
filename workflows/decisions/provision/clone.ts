import { globalPrivileges } from '../doctor/privileges';
import { type Refusal } from '../refusal';
import { bytes } from '../progress';
import { type CopyFacts } from './facts';

/** Packets of CLONE are larger than this. */
const SMALLEST_PACKET = 2_097_152;
const SAME = ['innodb_page_size', 'innodb_data_file_path', 'character_set_server', 'collation_server'] as const;
const PLATFORM = ['version_compile_os', 'version_compile_machine', 'lower_case_table_names'] as const;

/**
 * Everything that stands against CLONE from this donor, before anything of the recipient is dropped. Source: MySQL manual, "Cloning
 * Remote Data", "Clone Plugin Limitations".
 */
export function refusalsOfClone(donor: CopyFacts, recipient: CopyFacts, account: string): Refusal[] {
  const refusals: Refusal[] = [];
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });
  const pair = `${donor.name} and ${recipient.name}`;
  const version = (one: CopyFacts) => one.variables['version'] ?? '';

  if (!sameEnough(version(donor), version(recipient)))
    add(
      `${donor.name} is ${version(donor)} and ${recipient.name} is ${version(recipient)}: CLONE needs the same series`,
      `install ${version(donor)} on ${recipient.name}`,
    );
  for (const name of [...SAME, ...PLATFORM]) {
    const [from, to] = [donor.variables[name] ?? '', recipient.variables[name] ?? ''];
    if (from !== to) add(`${name} differs: ${from} on ${donor.name}, ${to} on ${recipient.name}`, `make ${pair} alike`);
  }
  for (const { name, plugins } of [donor, recipient])
    if (!plugins.includes('clone'))
      add(`${name} has no clone plugin`, `on ${name}, in my.cnf: plugin-load-add=mysql_clone.so, then restart`);
  const missing = donor.plugins.filter((plugin) => !recipient.plugins.includes(plugin));
  if (missing.length > 0)
    add(
      `${recipient.name} lacks plugins that ${donor.name} has: ${missing.join(', ')}`,
      `load them on ${recipient.name}; CLONE refuses otherwise`,
    );
  for (const { name, variables } of [donor, recipient])
    if (Number(variables['max_allowed_packet']) < SMALLEST_PACKET)
      add(
        `max_allowed_packet of ${name} is below 2 MB`,
        `SET PERSIST max_allowed_packet = ${8 * SMALLEST_PACKET} there`,
      );
  if (donor.nonInnodb.length > 0)
    add(
      `CLONE copies InnoDB alone, and ${donor.name} has ${donor.nonInnodb.slice(0, 3).join(', ')}: they would arrive empty`,
      'convert them, or take the strategy logical',
    );
  const needed = (one: CopyFacts, privilege: string) => {
    const held = globalPrivileges(one.grants);
    if (one.grants.length > 0 && !held.has(privilege) && !held.has('ALL PRIVILEGES'))
      add(`${account} lacks ${privilege} on ${one.name}`, `GRANT ${privilege} ON *.* TO '${account}'@'…'`);
  };
  needed(donor, 'BACKUP_ADMIN');
  needed(recipient, 'CLONE_ADMIN');
  const { freeBytes, bytes: own } = recipient;
  // What it holds now is dropped first.
  if (freeBytes !== null && donor.bytes !== null && freeBytes + (own ?? 0) < donor.bytes)
    add(
      `the disk of ${recipient.name} has ${bytes(freeBytes)} free, and ${donor.name} has ${bytes(donor.bytes)} of data`,
      `give ${recipient.name} a larger disk`,
    );
  return refusals;
}

/** 8.0.37 is the first that takes another point release of its series. */
function sameEnough(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) => (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number));
  if (!a || !b || a.length < 3 || b.length < 3) return one === other;
  if (a[0] !== b[0] || a[1] !== b[1]) return false;
  const pointsMayDiffer = (version: number[]) => version[0] !== 8 || version[1] !== 0 || (version[2] ?? 0) >= 37;
  return a[2] === b[2] || (pointsMayDiffer(a) && pointsMayDiffer(b));
}

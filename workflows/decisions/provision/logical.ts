import { globalPrivileges } from '../doctor/privileges';
import { type Refusal } from '../refusal';
import { type CopyFacts, type ProvisionSurvey, type Tool } from './facts';

const TOOLS: readonly Tool[] = ['mysqldump', 'mysql'];

/** Everything that stands against a dump of this donor, loaded into the recipient. Any engine and a newer release will do. */
export function refusalsOfDump(
  { tools }: Pick<ProvisionSurvey, 'tools'>,
  donor: CopyFacts,
  recipient: CopyFacts,
  account: string,
): Refusal[] {
  const refusals = withoutTools(tools, TOOLS);
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });
  const [from, to] = [seriesOf(donor.variables['version']), seriesOf(recipient.variables['version'])];
  if (to < from)
    add(
      `${recipient.name} (${recipient.variables['version'] ?? ''}) is older than ${donor.name} (${donor.variables['version'] ?? ''})`,
      `upgrade ${recipient.name} first`,
    );
  const lower = 'lower_case_table_names';
  if (donor.variables[lower] !== recipient.variables[lower])
    add(`${lower} differs between ${donor.name} and ${recipient.name}`, `make them alike`);
  const needed = ({ name, grants }: CopyFacts, privilege: string) => {
    const held = globalPrivileges(grants);
    if (grants.length > 0 && !held.has(privilege) && !held.has('ALL PRIVILEGES'))
      add(`${account} lacks ${privilege} on ${name}`, `GRANT ${privilege} ON *.* TO '${account}'@'…'`);
  };
  needed(donor, 'SELECT');
  needed(recipient, 'INSERT');
  // They come along: ours would be locked out, and so would the clients behind a switch.
  const { authenticates } = recipient;
  for (const [plugin, accounts] of Object.entries(authenticates ? (donor.logins ?? {}) : {}))
    if (!authenticates?.includes(plugin))
      add(
        `accounts of ${donor.name} log in by ${plugin}, which ${recipient.name} (${recipient.variables['version'] ?? ''}) does not have: ${accounts.join(', ')}`,
        `on the primary: ALTER USER … IDENTIFIED WITH caching_sha2_password BY '…'; DROP USER where nobody uses it`,
      );
  return refusals;
}

export const withoutTools = (tools: readonly Tool[], needed: readonly Tool[]): Refusal[] =>
  needed
    .filter((one) => !tools.includes(one))
    .map((tool) => ({
      sentence: `the worker has no ${tool}`,
      cure: `install it, or set RUNBOOK_${tool.toUpperCase()}`,
    }));

/** 8.4 is 804. */
export const seriesOf = (version = ''): number => {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major * 100 + minor;
};

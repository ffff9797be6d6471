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
  const refusals: Refusal[] = [];
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });
  for (const tool of TOOLS.filter((one) => !tools.includes(one)))
    add(`the worker has no ${tool}`, `install it, or set RUNBOOK_${tool.toUpperCase()}`);
  const [from, to] = [seriesOf(donor), seriesOf(recipient)];
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
  return refusals;
}

const seriesOf = ({ variables }: CopyFacts): number => {
  const [major = 0, minor = 0] = (variables['version'] ?? '').split('.').map((part) => Number.parseInt(part, 10));
  return major * 100 + minor;
};

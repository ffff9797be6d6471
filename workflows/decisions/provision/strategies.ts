import { type Refusal } from '../refusal';
import { refusalsOfClone } from './clone';
import { refusalsOfDump } from './logical';
import { copyOf, type ProvisionSurvey } from './facts';
import { namesXtraBackup, refusalsOfFiles } from './physical';

export type FromDonor = 'clone' | 'logical' | 'physical';
/** `backup`: from the store, which loads no donor. */
export type Strategy = FromDonor | 'backup';

/** A dump of more than this takes hours: some 20 MB a second were loaded on two cores. */
const LONG_DUMP_BYTES = 100e9;

/** Ways to fill from one of these donors, the better one first. Who names no XtraBackup was not going to use it. */
export function waysFrom(survey: ProvisionSurvey, donors: readonly string[], forced: Strategy | null): FromDonor[] {
  const size = Math.max(0, ...donors.map((name) => copyOf(survey, name)?.bytes ?? 0));
  const ways: FromDonor[] =
    size > LONG_DUMP_BYTES ? ['clone', 'physical', 'logical'] : ['clone', 'logical', 'physical'];
  return ways.filter((way) => (forced === null ? way !== 'physical' || namesXtraBackup(survey) : way === forced));
}

/** Everything that stands against filling `recipient` this way; empty = it can be done. */
export function whyNot(strategy: FromDonor, survey: ProvisionSurvey, donor: string, recipient: string): Refusal[] {
  const [from, to] = [copyOf(survey, donor), copyOf(survey, recipient)];
  const { admin, backup = admin } = survey.cluster.accounts;
  if (!from) return [unread(survey, donor)];
  if (!to) return [unread(survey, recipient)];
  switch (strategy) {
    case 'clone':
      return refusalsOfClone(from, to, backup.user);
    case 'logical':
      return refusalsOfDump(survey, from, to, backup.user);
    case 'physical':
      return refusalsOfFiles(survey, from, to);
  }
}

export const unread = ({ copies }: ProvisionSurvey, name: string): Refusal => {
  const found = copies.find((one) => one.name === name);
  return {
    sentence: `the account that copies cannot look at ${name}${found && 'because' in found ? `: ${found.because}` : ''}`,
    cure: 'create it there as docs/security.md says',
  };
};

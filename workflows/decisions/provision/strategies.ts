import { type Refusal } from '../refusal';
import { refusalsOfClone } from './clone';
import { refusalsOfDump } from './logical';
import { copyOf, type ProvisionSurvey } from './facts';

/** From a donor, in the order of preference. */
export const FROM_DONOR = ['clone', 'logical'] as const;
export type FromDonor = (typeof FROM_DONOR)[number];
/** `backup`: from the store, which loads no donor. */
export type Strategy = FromDonor | 'backup';

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
  }
}

export const unread = ({ copies }: ProvisionSurvey, name: string): Refusal => {
  const found = copies.find((one) => one.name === name);
  return {
    sentence: `the account that copies cannot look at ${name}${found && 'because' in found ? `: ${found.because}` : ''}`,
    cure: 'create it there as docs/security.md says',
  };
};

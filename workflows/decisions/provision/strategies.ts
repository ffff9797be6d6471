import { type Refusal } from '../refusal';
import { refusalsOfClone } from './clone';
import { copyOf, type ProvisionSurvey } from './facts';

/** In the order of preference. */
export const STRATEGIES = ['clone'] as const;
export type Strategy = (typeof STRATEGIES)[number] | 'backup';

/** Everything that stands against filling `recipient` this way; empty = it can be done. */
export function whyNot(
  strategy: Strategy,
  survey: ProvisionSurvey,
  donor: string | null,
  recipient: string,
): Refusal[] {
  const [from, to] = [donor === null ? undefined : copyOf(survey, donor), copyOf(survey, recipient)];
  const { admin, backup = admin } = survey.cluster.accounts;
  if (donor !== null && !from) return [unread(survey, donor)];
  if (!to) return [unread(survey, recipient)];
  switch (strategy) {
    case 'clone':
      return from ? refusalsOfClone(from, to, backup.user) : [];
    case 'backup':
      return [];
  }
}

const unread = ({ copies }: ProvisionSurvey, name: string): Refusal => {
  const found = copies.find((one) => one.name === name);
  return {
    sentence: `the account that copies cannot look at ${name}${found && 'because' in found ? `: ${found.because}` : ''}`,
    cure: 'create it there as docs/security.md says',
  };
};

import { type Application, type Cluster } from './cluster';

type Change = Exclude<Application['when'], 'both'>;

/** Those that are looked after when the primary has moved this way. */
export const applicationsAfter = ({ applications = [] }: Cluster, change: Change): Application[] =>
  applications.filter(({ when }) => when === 'both' || when === change);

/** What a plan says of them: they are restarted behind the change, so there is nothing to agree to. */
export const notesOfApplications = (cluster: Cluster, change: Change): string[] =>
  applicationsAfter(cluster, change).map(
    ({ name, user, patienceSeconds }) =>
      `${name} is restarted unless its user ${user} connects to the new primary within ${patienceSeconds} s of itself`,
  );

/** Sessions of one application, by its user. */
export interface SessionsSeen {
  /** On the new primary, and connected since it was looked at before the change. Older ones read there when it was a replica. */
  readonly arrived: number;
  /** On the old primary, and connected before clients were led away; later ones read there. null = it cannot be asked. */
  readonly holdingOn: number | null;
}

export interface Comeback {
  readonly back: boolean;
  readonly because: string;
}

/** Has it come back? One that still holds a session of before has not, however many others arrived. */
export function judgeComeback({ sessions, user }: Application, seen: SessionsSeen, where: Whereabouts): Comeback {
  const { arrived, holdingOn } = seen;
  const there = `${arrived} of its user ${user} connected to ${where.newPrimary}`;
  if (holdingOn !== null && holdingOn > 0)
    return { back: false, because: `${there}, and ${holdingOn} still hold on to ${where.oldPrimary}` };
  const asked = holdingOn === null ? `; ${where.oldPrimary} cannot be asked` : '';
  if (arrived < sessions) return { back: false, because: `${there}, and ${sessions} are expected${asked}` };
  return { back: true, because: `${there}${asked}` };
}

export interface Whereabouts {
  readonly oldPrimary: string;
  readonly newPrimary: string;
}

/** In the order of what they may do: each stands for itself, and everybody who is named may look. */
export const ROLES = ['viewer', 'operator', 'approver', 'breaker'] as const;
export type Role = (typeof ROLES)[number];

/** Somebody whom the inventory names. Nothing here is secret. */
export interface Person {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly group?: string;
  readonly slack?: string;
  readonly email?: string;
}

export const mayDo = (person: Pick<Person, 'roles'>, role: Role): boolean =>
  role === 'viewer' || person.roles.includes(role);

/** Names are compared as people write them: case and spaces around do not count. */
export const personNamed = <Named extends Pick<Person, 'name'>>(
  people: readonly Named[],
  name: string,
): Named | undefined => people.find((person) => plain(person.name) === plain(name));

export const sameName = (one: string, other: string): boolean => plain(one) === plain(other);

export const personOnSlack = (people: readonly Person[], slack: string): Person | undefined =>
  people.find((person) => person.slack === slack);

const plain = (name: string): string => name.trim().toLowerCase();

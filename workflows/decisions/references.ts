/** Where a secret is found, never the secret. */
export type SecretReference =
  { readonly env: string } | { readonly file: string } | { readonly command: readonly string[] };

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Account {
  readonly user: string;
  readonly password: SecretReference;
}

export const address = (at: Address): string => `${at.host}:${String(at.port)}`;

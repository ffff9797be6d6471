/** Where a secret is found, never the secret. */
export type SecretReference =
  { readonly env: string } | { readonly file: string } | { readonly command: readonly string[] };

/** `verify`: encrypted and checked against `ca`; `verify-identity`: the certificate must name the host, too; `encrypt`: not checked. */
export interface TlsPolicy {
  readonly mode: 'verify' | 'verify-identity' | 'encrypt' | 'off';
  readonly ca?: string;
  /** Our own certificate and its key, both or neither. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Account {
  readonly user: string;
  readonly password: SecretReference;
}

export const address = (at: Address): string => `${at.host}:${String(at.port)}`;

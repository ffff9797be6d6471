/** Where a secret is found, never the secret. */
export type SecretReference =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] }
  | { readonly vault: VaultReference }
  | { readonly aws: AwsReference };

/** A field of a secret of Vault's KV engine, version 2. */
export interface VaultReference {
  readonly mount: string;
  readonly path: string;
  readonly field: string;
}

/** A secret of AWS Secrets Manager by name or ARN; a field of it where it is JSON. */
export interface AwsReference {
  readonly id: string;
  readonly field?: string;
}

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

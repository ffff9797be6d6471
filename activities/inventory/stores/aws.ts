import { type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type AwsReference } from '../../../workflows/decisions/references';
import { RunbookError } from '../../errors';

const WITHIN_MS = 5_000;

let client: SecretsManagerClient | undefined;

/**
 * A secret of AWS Secrets Manager, or one field of it where it is JSON. Region, credentials and endpoint are AWS's own settings
 * (AWS_REGION, AWS_PROFILE, the role of the machine, AWS_ENDPOINT_URL …). Throws SECRET_UNAVAILABLE.
 * Source: AWS documentation, "GetSecretValue".
 */
export async function fromAws({ id, field }: AwsReference): Promise<string> {
  const text = await stringOf(id);
  if (field === undefined) return text;
  const value = fieldOf(text, field);
  if (typeof value === 'string' && value !== '') return value;
  throw unavailable(
    `the secret ${id} in AWS has no field ${field}`,
    'Name a field of its JSON, or leave field out where the secret is the password alone.',
  );
}

async function stringOf(id: string): Promise<string> {
  // Most fleets have none of it, and it takes long to load.
  const sdk = await import('@aws-sdk/client-secrets-manager');
  try {
    client ??= new sdk.SecretsManagerClient({ maxAttempts: 2 });
    const { SecretString } = await client.send(new sdk.GetSecretValueCommand({ SecretId: id }), {
      abortSignal: AbortSignal.timeout(WITHIN_MS),
    });
    if (SecretString) return SecretString;
  } catch (cause) {
    // Its name alone: messages may repeat keys and requests.
    const name = cause instanceof Error ? cause.name : 'unknown';
    throw unavailable(
      `AWS does not give the secret ${id} (${name})`,
      CURES[name] ?? 'Look at AWS_REGION and at the network.',
    );
  }
  throw unavailable(`the secret ${id} in AWS holds no text`, 'Store the password as text.');
}

const CURES: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'Compare id with the name or ARN of the secret, and AWS_REGION.',
  AccessDeniedException: 'Allow secretsmanager:GetSecretValue on it, and kms:Decrypt of its key.',
  CredentialsProviderError:
    'Give this process credentials: a role, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  InvalidSignatureException: 'Correct AWS_SECRET_ACCESS_KEY.',
  UnrecognizedClientException: 'Correct AWS_ACCESS_KEY_ID.',
};

function fieldOf(text: string, field: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>)[field] : undefined;
  } catch {
    return undefined;
  }
}

const unavailable = (message: string, hint: string) => new RunbookError({ code: 'SECRET_UNAVAILABLE', message, hint });

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { type SecretReference } from '../../../workflows/decisions/cluster';
import { type S3Place } from '../../../workflows/decisions/backups/policy';
import { RunbookError } from '../../errors';
import { systemCode } from '../../inventory/system-code';
import { Measure } from './measure';
import { checkKey, type Listed, type Store } from './store';

const CONNECT_WITHIN_MS = 5_000;
/** Without a byte in either direction. */
const SILENT_FOR_MS = 60_000;
const MEGABYTE = 1_048_576;

/**
 * A bucket, at AWS or at another server of the protocol. A file is uploaded in parts and appears when they are put together.
 * Source: AWS documentation, "Multipart upload overview", "ListObjectsV2", "AbortMultipartUpload".
 */
export async function s3Store(place: S3Place, secret: (reference: SecretReference) => Promise<string>): Promise<Store> {
  // Most fleets have none of it, and it takes long to load.
  const sdk = await import('@aws-sdk/client-s3');
  const { Upload } = await import('@aws-sdk/lib-storage');
  const client = new sdk.S3Client(await settingsOf(place, secret));
  const { bucket: Bucket, prefix } = place;
  const name = `the bucket ${Bucket}`;
  const ask = async <Result>(work: (client: S3Client) => Promise<Result>): Promise<Result> => {
    try {
      return await work(client);
    } catch (error) {
      throw refusalOf(name, error);
    }
  };
  const keyOf = (key: string): string => {
    checkKey(key);
    return prefix + key;
  };

  const put: Store['put'] = async (key, body) => {
    const measure = new Measure();
    const upload = new Upload({
      client,
      params: { Bucket, Key: keyOf(key), Body: measure },
      partSize: place.partMegabytes * MEGABYTE,
      queueSize: 2,
    });
    const flowing = pipeline(body, measure);
    flowing.catch(() => undefined);
    try {
      await ask(() => upload.done());
      await flowing;
    } catch (error) {
      // What the SDK says of a body that broke off is only its echo.
      const own = body.errored;
      body.destroy();
      throw own ?? error;
    }
    return measure.result();
  };

  return {
    name,
    put,
    get: (key) =>
      ask(async () => {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key: keyOf(key) }));
        if (Body instanceof Readable) return Body;
        throw new Error('an answer without a body');
      }),
    list: (wanted) =>
      ask(async () => {
        const found: Listed[] = [];
        let more: string | undefined;
        do {
          const page: ListObjectsV2CommandOutput = await client.send(
            new sdk.ListObjectsV2Command({
              Bucket,
              Prefix: prefix + wanted,
              ...(more !== undefined && { ContinuationToken: more }),
            }),
          );
          for (const { Key = '', Size = 0 } of page.Contents ?? [])
            found.push({ key: Key.slice(prefix.length), bytes: Size });
          more = page.IsTruncated ? page.NextContinuationToken : undefined;
        } while (more !== undefined);
        return found;
      }),
    remove: (key) =>
      ask(async () => {
        await client.send(new sdk.DeleteObjectCommand({ Bucket, Key: keyOf(key) }));
      }),
    readText: (key) =>
      ask(async () => {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key: keyOf(key) }));
        return (await Body?.transformToString('utf8')) ?? '';
      }).catch((error: unknown) => {
        if (error instanceof RunbookError && error.code === 'STORE_OBJECT_MISSING') return null;
        throw error;
      }),
    writeText: (key, text) =>
      ask(async () => {
        await client.send(
          new sdk.PutObjectCommand({ Bucket, Key: keyOf(key), Body: text, ContentType: 'application/json' }),
        );
      }),
    sweep: (before) =>
      ask(async () => {
        const { Uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: prefix }));
        const old = Uploads.filter(({ Initiated }) => Initiated !== undefined && Initiated < before);
        for (const { Key, UploadId } of old)
          await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
        return old.length;
      }),
  };
}

async function settingsOf(
  { region, endpoint, credentials }: S3Place,
  secret: (reference: SecretReference) => Promise<string>,
) {
  return {
    maxAttempts: 4,
    requestHandler: { connectionTimeout: CONNECT_WITHIN_MS, socketTimeout: SILENT_FOR_MS },
    ...(region !== undefined && { region }),
    // Other servers know nothing of a name for each bucket; a region they do not need, and the SDK does.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true, region: region ?? 'us-east-1' }),
    ...(credentials && {
      credentials: {
        accessKeyId: await secret(credentials.accessKeyId),
        secretAccessKey: await secret(credentials.secretAccessKey),
      },
    }),
  };
}

/** A connection that breaks has no name, but a code. */
function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.name : 'unknown';
  return name === 'Error' ? systemCode(error) : name;
}

const CURES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Create it, or correct its name and region.',
  AccessDenied:
    'Allow s3:PutObject, s3:GetObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads on it.',
  InvalidAccessKeyId: 'Correct the access key id.',
  SignatureDoesNotMatch: 'Correct the secret access key.',
  CredentialsProviderError: 'Give the worker credentials: a role, AWS_PROFILE, or credentials in the inventory.',
  PermanentRedirect: 'Correct the region.',
  AuthorizationHeaderMalformed: 'Correct the region.',
};

const ABSENT = new Set(['NoSuchKey', 'NotFound']);
const FULL = new Set(['XMinioStorageFull', 'QuotaExceeded', 'InsufficientStorage']);

/** By its name alone: messages may repeat keys and requests. */
function refusalOf(name: string, error: unknown): RunbookError {
  if (error instanceof RunbookError) return error;
  const said = nameOf(error);
  if (ABSENT.has(said))
    return new RunbookError({
      code: 'STORE_OBJECT_MISSING',
      message: `${name} lacks a file that was there`,
      hint: 'Look who removed it; take a new backup if it belongs to one.',
      cause: error,
    });
  if (FULL.has(said))
    return new RunbookError({
      code: 'STORE_FULL',
      message: `${name} is full (${said}); what was being written is gone from it`,
      hint: 'Free space there or lower the retention, then start again.',
      cause: error,
    });
  const cure = CURES[said];
  if (cure !== undefined)
    return new RunbookError({
      code: 'STORE_REFUSED',
      message: `${name} does not let us in (${said})`,
      hint: cure,
      cause: error,
    });
  return new RunbookError({
    code: 'STORE_UNREACHABLE',
    message: `${name} does not answer (${said})`,
    hint: 'Look at its server and the network; what has begun is tried again.',
    cause: error,
  });
}

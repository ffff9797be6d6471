import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

export const BUNDLE_PATH = join(__dirname, 'workflow-bundle.js');

/**
 * Evaluated once per worker instead of once per run: the first workflow task of a failover would spend tens of milliseconds on
 * building schemas. Only modules without state of their own may stand here.
 */
const PRELOADED = ['zod', '@noble/hashes/sha2.js', '@noble/hashes/utils.js'];

/** Bundle the workflows once at build time: a worker that must take over in an incident starts without webpack. */
export async function writeBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows'),
    failureConverterPath: require.resolve('./encryption/workflow-failures'),
    preloadModules: PRELOADED,
    logger: new DefaultLogger('ERROR'),
  });
  await mkdir(dirname(BUNDLE_PATH), { recursive: true });
  await writeFile(`${BUNDLE_PATH}.new`, code);
  await rename(`${BUNDLE_PATH}.new`, BUNDLE_PATH);
}

const PLAIN = 'failures in payloads: no ';
const ENCODED = 'failures in payloads: yes';

/** The bundle of the build, with failures as the data converter wants them; undefined when there is no build. */
export async function readBundle(encrypted: boolean): Promise<{ code: string } | undefined> {
  if (!existsSync(BUNDLE_PATH)) return undefined;
  const code = await readFile(BUNDLE_PATH, 'utf8');
  if (!code.includes(PLAIN)) throw new Error(`${BUNDLE_PATH} is of another build`);
  return { code: encrypted ? code.replaceAll(PLAIN, ENCODED) : code };
}

if (require.main === module) {
  writeBundle().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}

import { mkdir, rename, writeFile } from 'node:fs/promises';
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
    preloadModules: PRELOADED,
    logger: new DefaultLogger('ERROR'),
  });
  await mkdir(dirname(BUNDLE_PATH), { recursive: true });
  await writeFile(`${BUNDLE_PATH}.new`, code);
  await rename(`${BUNDLE_PATH}.new`, BUNDLE_PATH);
}

if (require.main === module) {
  writeBundle().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}

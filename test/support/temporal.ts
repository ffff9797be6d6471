import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { findTemporal } from '../../lab/programs/temporal';
import { SEARCH_ATTRIBUTES } from '../../lab/temporal';

export interface DevServer {
  readonly env: TestWorkflowEnvironment;
  readonly address: string;
  /** A folder that goes with it. */
  readonly folder: string;
}

/** A real development server with our search attributes and a folder, for one test file; no worker. */
export function withDevServer(ui = false): () => DevServer {
  let server: DevServer | undefined;
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const folder = mkdtempSync(join(tmpdir(), 'mrd-'));
    const env = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: await findTemporal() },
        extraArgs: Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
          '--search-attribute',
          `${name}=${type}`,
        ]),
        log: { format: 'json', level: 'never' },
        ui,
      },
    });
    server = { env, folder, address: env.address };
  }, 300_000);
  afterAll(async () => {
    await server?.env.teardown();
    if (server) rmSync(server.folder, { recursive: true, force: true });
  });
  return () => {
    if (!server) throw new Error('the development server did not start; see the error of beforeAll');
    return server;
  };
}

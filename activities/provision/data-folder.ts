import { Readable } from 'node:stream';
import { copyHostOf } from '../backups/physical/host';
import { RunbookError } from '../errors';
import { type Recipient } from './recipient';

export interface Exchanged extends Recipient {
  /** Absolute, no symbolic link. */
  readonly dataFolder: string;
  readonly keepsOld: boolean;
  /** Tells the attempts of one run from another's. */
  readonly since: string;
}

/** The data folder of a server that is stopped, which gets other files. Every one of these may be done twice. */
export interface DataFolder {
  /** All files of this run are in it, prepared, and the server's. */
  isComplete(): Promise<boolean>;
  /** Empty but for what makes this server itself: its uuid, persisted settings and certificates. What was in it is set aside, or gone. */
  empty(): Promise<void>;
  complete(): Promise<void>;
  /** What was set aside goes. */
  forgetOld(): Promise<void>;
  /** What was set aside is back. False: nothing was. */
  putBack(): Promise<boolean>;
}

const OWN = ['-name', 'auto.cnf', '-o', '-name', 'mysqld-auto.cnf', '-o', '-name', '*.pem'];
const MARK = 'mysql-runbooks-filled';

/** By programs on its host. Throws INVENTORY_INVALID where none can be run there, TOOL_MISSING, TOOL_FAILED. */
export function dataFolderOf({ cluster, instance, dataFolder, keepsOld, since }: Exchanged): DataFolder {
  if (!/^\/[^/]+\/./.test(dataFolder) || dataFolder.endsWith('/')) throw noFolder(instance, dataFolder);
  const host = copyHostOf(cluster, instance);
  const old = `${dataFolder}.before-${since.replaceAll(/\D/g, '')}`;
  const mark = `${dataFolder}/${MARK}`;
  const isThere = async (path: string): Promise<boolean> => {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const found = await host.say(['find', folder, '-maxdepth', '1', '-printf', '%p\\n']).catch(() => '');
    return found.split('\n').includes(path);
  };
  return {
    isComplete: async () => (await isThere(mark)) && (await host.say(['cat', '--', mark])) === since,
    async empty() {
      if (!keepsOld) {
        await host.say(
          ['find', dataFolder, '-mindepth', '1', '-maxdepth', '1', '!', '(', ...OWN, ')'].concat(
            ...['-exec', 'rm', '-rf', '--', '{}', '+'],
          ),
        );
        return;
      }
      if (!(await isThere(old))) await host.say(['mv', '-T', '--', dataFolder, old]);
      await host.say(['rm', '-rf', '--', dataFolder]);
      await host.say(['mkdir', '-m', '700', '--', dataFolder]);
      await host.say(
        ['find', old, '-maxdepth', '1', '-type', 'f', '(', ...OWN, ')'].concat(
          ...['-exec', 'cp', '-p', '-t', dataFolder, '--', '{}', '+'],
        ),
      );
      for (const change of ['chown', 'chmod']) await host.say([change, `--reference=${old}`, '--', dataFolder]);
    },
    async complete() {
      await host.say(['chown', '-R', `--reference=${dataFolder}`, '--', dataFolder]);
      await host.take(['tee', '--', mark], Readable.from([since]));
    },
    async forgetOld() {
      await host.say(['rm', '-rf', '--', old]);
    },
    async putBack() {
      if (!(await isThere(old))) return false;
      await host.say(['rm', '-rf', '--', dataFolder]);
      await host.say(['mv', '-T', '--', old, dataFolder]);
      return true;
    },
  };
}

const noFolder = (instance: string, dataFolder: string): RunbookError =>
  new RunbookError({
    code: 'COPY_UNUSABLE',
    message: `"${dataFolder}" is no data folder of ${instance} that files may be put into`,
    hint: 'It must be an absolute path at least two folders deep, seen through control of the instance.',
  });

import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { type MysqlRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { type Ended, endingOf, lastLine, runProgram } from '../../programs/run';

/** One character for one byte, so that a file in any encoding comes back as it was. */
const BYTES = 'latin1';

/** The configuration file on the router's host. Throws ROUTER_UNREACHABLE, ROUTER_MISCONFIGURED. */
export async function readConfigFile(router: MysqlRouter, until: number): Promise<string> {
  const printed = await onHost(
    router,
    `set -eu\nbase64 < ${quoted(router.configFile)}\n`,
    'read its configuration file',
    until,
  );
  return Buffer.from(printed, 'base64').toString(BYTES);
}

/**
 * Put `after` in place of `before`, as a whole or not at all, with the owner and mode that the file has; refused when the file is no longer
 * `before`. A link stays a link.
 */
export async function replaceConfigFile(
  router: MysqlRouter,
  before: string,
  after: string,
  until: number,
): Promise<void> {
  const expected = createHash('sha256').update(Buffer.from(before, BYTES)).digest('hex');
  const script = `set -eu
umask 077
file=$(readlink -f -- ${quoted(router.configFile)})
found=$(sha256sum < "$file")
[ "\${found%% *}" = ${expected} ] || { echo "$file was changed meanwhile" >&2; exit 3; }
rm -f -- "$file".runbooks-*
new=$file.runbooks-$$
trap 'rm -f -- "$new"' EXIT
cp -p -- "$file" "$new"
base64 -d > "$new" <<'END'
${Buffer.from(after, BYTES).toString('base64')}
END
sync "$new" 2>/dev/null || sync
mv -f -- "$new" "$file"
`;
  await onHost(router, script, 'rewrite its configuration file', until);
}

/** As the inventory writes it, on this machine. Exit code 0 means that it was told; whether it runs again is read from the router itself. */
export async function restart(router: MysqlRouter, until: number): Promise<void> {
  const deadlineMs = left(until);
  judge(router, await runProgram(router.restart, { deadlineMs }), 'restart it', deadlineMs);
}

/** The script goes by standard input: an ssh before the shell would take quoted arguments apart. */
async function onHost(router: MysqlRouter, script: string, what: string, until: number): Promise<string> {
  const deadlineMs = left(until);
  const ended = await runProgram([...router.shell, 'sh'], { deadlineMs, input: script });
  return judge(router, ended, what, deadlineMs);
}

function judge({ name }: MysqlRouter, ended: Ended, what: string, deadlineMs: number): string {
  const failed = endingOf(ended, deadlineMs);
  if (failed === '') return ended.stdout;
  const said = lastLine(ended.stderr);
  throw new RunbookError({
    code: ended.how === 'not started' ? 'ROUTER_MISCONFIGURED' : 'ROUTER_UNREACHABLE',
    message: `router ${name}: the command to ${what} ${failed}${said === '' ? '' : `: ${said}`}`,
    hint: 'Run `shell` and `restart` of the inventory by hand as the user of the worker; clients may still come through this router as before.',
  });
}

const left = (until: number): number => Math.max(1, Math.round(until - performance.now()));
const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

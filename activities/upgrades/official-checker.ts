import { type Cluster, type Instance, type SecretReference } from '../../workflows/decisions/cluster';
import { type Release } from '../../workflows/decisions/facts';
import { type OfficialAnswer, problemsIn } from '../../workflows/decisions/upgrade/official';
import { endingOf, lastLine, runProgram } from '../programs/run';

const PROGRAM = 'mysqlsh';
const WITHIN_MS = 600_000;

/**
 * Ask `util.checkForServerUpgrade()` of MySQL Shell, where it is installed beside us. The password goes by standard input. Never throws: what
 * keeps it from answering is part of the answer. Read only. Source: MySQL Shell manual, "Upgrade Checker Utility", "Command Line Integration".
 */
export async function askOfficialChecker(
  { secret }: { readonly secret: (reference: SecretReference) => Promise<string> },
  { accounts: { admin }, tls }: Pick<Cluster, 'accounts' | 'tls'>,
  { name, host, port }: Instance,
  to: Release,
): Promise<OfficialAnswer> {
  const options = { deadlineMs: WITHIN_MS, input: `${await secret(admin.password)}\n` };
  const encrypted = tls.mode === 'off' ? 'DISABLED' : 'REQUIRED';
  const at = `${encodeURIComponent(admin.user)}@${host.includes(':') ? `[${host}]` : host}:${port}`;
  const command = [
    PROGRAM,
    '--passwords-from-stdin',
    '--quiet-start=2',
    `--ssl-mode=${encrypted}`,
    ...['--', 'util', 'check-for-server-upgrade', at, `--target-version=${to}`, '--output-format=JSON'],
  ];
  const ended = await runProgram(command, options);
  if (ended.how === 'not started' && ended.because === 'ENOENT')
    return { asked: false, because: `${PROGRAM} is not installed here` };
  const problems = problemsIn(ended.stdout);
  if (problems !== null) return { asked: true, instance: name, problems };
  const ending = endingOf(ended, WITHIN_MS) || 'did not print its JSON';
  return { asked: false, because: `${PROGRAM} ${ending}${said(ended.stderr)}` };
}

const said = (stderr: string): string => (stderr.trim() === '' ? '' : `: ${lastLine(stderr)}`);

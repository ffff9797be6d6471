import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { sizeOf } from './cache';
import { megabytes, phase, type Progress } from './progress';
import { onPath, runTool } from './tool';

/** Where the packages come from: the machine's own suites, or another suite of the same archive. */
export interface AptSource {
  /** Default: the machine's own sources as they stand. */
  readonly suite?: string;
}

/** True on machines that have Debian's package tools. */
export const hasApt = (): boolean => onPath('apt-get') !== undefined && onPath('dpkg-deb') !== undefined;

/** `ID` of /etc/os-release: `debian`, `ubuntu`, … */
export function distribution(): string {
  try {
    return /^ID="?([a-z]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/**
 * Downloads the first of `alternatives` that the source has, with everything it depends on, and unpacks all of it into
 * `root`, without root's rights and without touching the machine's packages: apt gets its own lists, cache and an empty
 * status file, so the result does not depend on what is installed. Programs below `root` run through their own loader
 * (see `writeWrapper`). A partial download stays in `scratch` and apt resumes it.
 */
export async function unpackPackages(
  source: AptSource,
  alternatives: readonly (readonly string[])[],
  root: string,
  scratch: string,
  progress: Progress,
): Promise<void> {
  const options = privateApt(scratch, source);
  await phase(
    progress,
    '  reading package lists',
    () => runTool('apt-get', [...options, 'update']),
    () => megabytes(sizeOf(join(scratch, 'lists'))),
  );
  const packages = await firstAvailable(options, alternatives);
  await phase(
    progress,
    `  downloading ${packages.join(', ')} and what they need`,
    () => runTool('apt-get', [...options, 'install', '-y', '--download-only', '--no-install-recommends', ...packages]),
    () => megabytes(sizeOf(join(scratch, 'cache', 'archives'))),
  );
  const archives = join(scratch, 'cache', 'archives');
  const files = readdirSync(archives).filter((file) => file.endsWith('.deb'));
  await phase(
    progress,
    `  unpacking ${files.length} packages`,
    async () => {
      mkdirSync(root, { recursive: true });
      for (const file of files.filter((name) => !NOT_NEEDED.test(name))) {
        await runTool('dpkg-deb', ['-x', join(archives, file), root]);
      }
      for (const folder of ['doc', 'man', 'locale', 'lintian']) {
        rmSync(join(root, 'usr/share', folder), { recursive: true, force: true });
      }
    },
    () => megabytes(sizeOf(root)),
  );
}

/** Scripts' interpreters that come along by dependency; no program that we run needs them. */
const NOT_NEEDED = /^(perl|libperl|libgdbm|libdb5|gcc-\d+-base|libc-gconv)/;

/**
 * Writes `bin/NAME`, a script that runs `root/PROGRAM` with the loader and libraries it was unpacked with: the machine's
 * own libc may be older. `exec` keeps one process, so a pid seen is the program's own. `privateLibraries` are folders below root that
 * the program would find by its own place, were it not run through a loader.
 */
export function writeWrapper(
  home: string,
  name: string,
  program: string,
  privateLibraries: readonly string[] = [],
): void {
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const libraries = [`usr/lib/${architecture}-linux-gnu`, `lib/${architecture}-linux-gnu`];
  const loaders = architecture === 'aarch64' ? ['ld-linux-aarch64.so.1'] : ['ld-linux-x86-64.so.2'];
  const places = ['usr/lib64', 'lib64', 'usr/lib', 'lib', ...libraries];
  const loader = places
    .flatMap((place) => loaders.map((file) => join(place, file)))
    .find((file) => existsSync(join(home, 'root', file)));
  if (!loader || !existsSync(join(home, 'root', program))) {
    throw new RunbookError({
      code: 'TOOL_MISSING',
      message: `the unpacked packages hold no ${loader ? program : 'loader'}`,
      hint: `Install ${name} with your package manager so that it stands on PATH.`,
    });
  }
  mkdirSync(join(home, 'bin'), { recursive: true });
  const path = [...libraries, ...privateLibraries].map((folder) => `"$here"/root/${folder}`).join(':');
  const script = `#!/bin/sh\nhere=\${0%/*}/..\nexec "$here"/root/${loader} --library-path ${path} "$here"/root/${program} "$@"\n`;
  writeFileSync(join(home, 'bin', name), script);
  chmodSync(join(home, 'bin', name), 0o755);
}

async function firstAvailable(
  options: readonly string[],
  alternatives: readonly (readonly string[])[],
): Promise<readonly string[]> {
  for (const packages of alternatives) {
    const found = await runTool('apt-cache', [...options, 'show', '--no-all-versions', ...packages]).then(
      () => true,
      () => false,
    );
    if (found) return packages;
  }
  throw new RunbookError({
    code: 'TOOL_MISSING',
    message: `this machine's package sources offer none of ${alternatives.map((names) => names.join(' + ')).join(', ')}`,
    hint: 'Install the program by hand so that it stands on PATH.',
  });
}

function privateApt(scratch: string, source: AptSource): string[] {
  const folder = (...parts: string[]) => join(scratch, ...parts);
  for (const path of ['parts', 'lists/partial', 'cache/archives/partial']) mkdirSync(folder(path), { recursive: true });
  writeFileSync(folder('status'), '');
  writeSources(folder('parts'), source);
  const settings = [
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${folder('parts')}`,
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State=${folder()}`,
    `Dir::State::Lists=${folder('lists')}`,
    `Dir::State::status=${folder('status')}`,
    `Dir::Cache=${folder('cache')}`,
    'Debug::NoLocking=true',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false',
    'Acquire::Retries=3',
    'Acquire::http::Timeout=20',
    'Acquire::https::Timeout=20',
    'APT::Update::Error-Mode=any',
  ];
  // As root, apt would download as the user _apt, who may not enter a private cache folder.
  if (process.getuid?.() === 0) settings.push('APT::Sandbox::User=root');
  return settings.flatMap((setting) => ['-o', setting]);
}

/** Copies the machine's own sources, or derives one for another suite of the same archive from their first stanza. */
function writeSources(parts: string, source: AptSource): void {
  const stanzas = machineStanzas();
  const own = stanzas.find((stanza) => !/^Suites:\s*\S*-/m.test(stanza)); // not the archive of security updates
  if (!own) {
    throw new RunbookError({
      code: 'TOOL_MISSING',
      message: 'this machine has no apt sources to install from',
      hint: 'Install mysql-server-core, mysql-client-core and haproxy by hand so that they stand on PATH.',
    });
  }
  const derived = source.suite
    ? [own.replace(/^Suites:.*$/m, `Suites: ${source.suite}`).replace(/^Components:.*$/m, 'Components: main')]
    : stanzas;
  writeFileSync(join(parts, 'lab.sources'), `${derived.join('\n\n')}\n`);
}

function machineStanzas(): string[] {
  const folder = '/etc/apt/sources.list.d';
  const listed = existsSync(folder) ? readdirSync(folder).sort() : [];
  const deb822 = listed
    .filter((file) => file.endsWith('.sources'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split(/\n\s*\n/));
  const oneLine = [
    '/etc/apt/sources.list',
    ...listed.filter((file) => file.endsWith('.list')).map((f) => join(folder, f)),
  ]
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map(stanzaOfLine)
    .filter((stanza) => stanza !== undefined);
  const plain = deb822.map((stanza) => stanza.replace(/^#.*\n?/gm, '').trim());
  return [...plain, ...oneLine].filter(
    (stanza) => /^Types:.*\bdeb\b/m.test(stanza) && !/^Enabled:\s*no/im.test(stanza),
  );
}

/** `deb [signed-by=KEY] URI SUITE COMPONENT…` as the newer stanza form. */
function stanzaOfLine(line: string): string | undefined {
  const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
  if (!match) return undefined;
  const [, flags = '', uri = '', suite = '', components = ''] = match;
  const key = /signed-by=(\S+)/.exec(flags)?.[1];
  const stanza = [`Types: deb`, `URIs: ${uri}`, `Suites: ${suite}`, `Components: ${components.trim()}`];
  return [...stanza, ...(key ? [`Signed-By: ${key}`] : [])].join('\n');
}

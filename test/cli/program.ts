/** Runs the built program as a child process, the way a shell does. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Built by `npm run build`; `npm test` does that first. */
export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
export const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** The environment of the tests without what decides about colour, so that only `extra` does. */
export function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, TERM: _term, ...rest } = process.env;
  return { ...rest, TERM: 'xterm-256color', ...extra };
}

function outcome(child: SpawnSyncReturns<string>): Outcome {
  if (child.error) throw child.error;
  return { code: child.status, out: child.stdout, err: child.stderr };
}

const LIMITS = { encoding: 'utf8', maxBuffer: 256 * 2 ** 20, timeout: 60_000 } as const;

export function run(args: readonly string[], extra: Readonly<Record<string, string>> = {}): Outcome {
  return outcome(spawnSync(process.execPath, [PROGRAM, ...args], { ...LIMITS, env: environment(extra) }));
}

/** The value of --json; fails the test if standard output is not exactly one JSON value. */
export function runJson<T>(args: readonly string[]): { code: number | null; json: T; err: string } {
  const { code, out, err } = run([...args, '--json']);
  return { code, json: JSON.parse(out) as T, err };
}

/** A line of bash; `$TB` runs the program. */
export function shell(line: string, extra: Readonly<Record<string, string>> = {}): Outcome {
  const env = environment({ NODE: process.execPath, PROGRAM, ...extra });
  const script = `set -o pipefail; TB() { "$NODE" "$PROGRAM" "$@"; }; ${line}`;
  return outcome(spawnSync('bash', ['-c', script], { ...LIMITS, env }));
}

/** Both streams joined on a pseudo-terminal (util-linux `script`), with the program's exit code. */
export function onTerminal(args: readonly string[], extra: Readonly<Record<string, string>> = {}): Outcome {
  const quoted = [process.execPath, PROGRAM, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const command = ['-qec', quoted, '/dev/null'];
  return outcome(spawnSync('script', command, { ...LIMITS, env: environment(extra), input: '' }));
}

export const hasTerminal = spawnSync('script', ['--version']).status === 0;

/** Whether the text steers a terminal: escape sequences, carriage returns. */
export function hasControls(text: string): boolean {
  return text.includes('\u001b') || text.includes('\r');
}

export async function makeDirectory(): Promise<{ path: string; in(name: string): string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tensorbundle-cli-'));
  return { path, in: name => join(path, name), remove: () => rm(path, { recursive: true, force: true }) };
}

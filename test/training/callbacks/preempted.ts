/** Runs preempted.mjs, in a directory of its own, and sends SIGTERM where asked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

const PROGRAM = fileURLToPath(new URL('preempted.mjs', import.meta.url));
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-preempted-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Ended {
  /** After each batch, and at the end of the training. */
  batches: string[];
  weights: string | null;
  signal: string | null;
  said: string[];
  warnings: string;
}

export async function run(
  mode: string,
  name: string,
  { at, more = [] }: { at?: number; more?: string[] } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, mode, join(directory, name), ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { batches: [], weights: null, signal: null, said: [], warnings: '' };
  child.stderr.on('data', (text: Buffer) => {
    ended.warnings += text.toString();
  });
  createInterface({ input: child.stdout }).on('line', line => {
    const [what, ...rest] = line.split(' ');
    if (what === 'batch') ended.batches.push(rest.join(' '));
    else if (what === 'done') ended.weights = rest.join(' ');
    else ended.said.push(line);
    if (what === 'batch' && ended.batches.length === at) child.kill('SIGTERM');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { ...ended, signal };
}

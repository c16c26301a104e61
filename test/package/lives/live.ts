/** Runs lives of lives.mjs with the installed package, each in a process of its own, and says how it ended. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Expected } from './expected.js';

const PROGRAMS = ['lives.mjs', 'roles.mjs'];

/** A Node, and what it takes to start it. */
export interface NodeUnderTest {
  version: string;
  /** Its executable, after a loader or an emulator where there is one. */
  command: readonly string[];
  env: Readonly<Record<string, string>>;
}

interface End {
  stdout: string;
  stderr: string;
  status: number | null;
  signal: NodeJS.Signals | null;
}

/** Puts the programs beside the installed package. */
export function installLives(folder: string): void {
  for (const name of PROGRAMS) cpSync(fileURLToPath(new URL(name, import.meta.url)), join(folder, name));
}

/** What runs in `node` from `folder` knows the package that is installed there and nothing of the checkout. */
export function start(
  node: NodeUnderTest,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<End> {
  const { TENSORBUNDLE_BINDING, NODE_OPTIONS, NODE_PATH, ...inherited } = process.env;
  const [file, ...first] = node.command;
  const child = spawn(file!, [...first, ...args], {
    cwd,
    env: { ...inherited, ...node.env, LIVES_NODE: JSON.stringify(node.command), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', text => {
      output[stream] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ ...output, status, signal }));
  });
}

/** Lives `name` once, or once a delay, and checks each end. Returns how often it was lived. */
export async function live(
  node: NodeUnderTest,
  folder: string,
  name: string,
  { expected, repeat }: { expected: Expected; repeat: number },
): Promise<number> {
  const delays = expected.delays ?? [0];
  for (const delay of delays) {
    const scratch = mkdtempSync(join(folder, 'scratch-'));
    try {
      const args = ['--expose-gc', 'lives.mjs', name, scratch, String(delay)];
      const { stdout, stderr, status, signal } = await start(node, args, folder, { LIVES_REPEAT: String(repeat) });
      const end = { stdout: stdout.trim(), signal, status };
      const wanted = { stdout: expected.stdout, signal: expected.signal ?? null };
      expect(end, `${delay} ms, ${stderr}`).toEqual({
        ...wanted,
        status: expected.signal ? null : (expected.status ?? 0),
      });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return delays.length;
}

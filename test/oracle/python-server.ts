/** Vitest's global set-up: one Python for the whole run (python_server.py), which imports nothing until a test asks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The socket of the run's Python; empty where TensorFlow is not installed. */
    python: string;
  }
}

const PYTHON = fileURLToPath(new URL('../../.tools/venv/bin/python', import.meta.url));
const SERVER = fileURLToPath(new URL('python_server.py', import.meta.url));

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!existsSync(PYTHON)) {
    project.provide('python', '');
    return undefined;
  }
  // In a group of its own: Ctrl+C is not for it. It ends with its stdin, which closes with this process, however that
  // ends.
  const server = spawn(PYTHON, [SERVER], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, ...project.config.env },
  });
  const ended = once(server, 'exit');
  const [socket] = (await Promise.race([once(createInterface(server.stdout), 'line'), ended])) as [unknown];
  if (typeof socket !== 'string') throw new Error(`${SERVER} ended before it served`);
  project.provide('python', socket);
  return async () => {
    server.stdin.end();
    await ended;
  };
}

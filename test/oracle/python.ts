/**
 * Python with TensorFlow for tests, and the only way to it: a script runs as in a process of its own, but without the
 * seconds that importing TensorFlow takes (python_server.py). Its absence is an error, never a reason to skip.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A file, below the checkout if not absolute; or a program as for `python -c`. */
export type Script = string | { readonly code: string };

export interface PythonOptions {
  readonly cwd?: string;
  /** Beside the environment of the tests. What decides how TensorFlow is imported comes too late within a script. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How it ended: with an exit code, by a signal, or for another reason, which is then no fault of the script's. */
export interface PythonEnd {
  readonly code?: number;
  readonly signal?: string;
  readonly reason?: string;
}

/** A running script. */
export class PythonProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Once the script has ended and all that it wrote was read. Never rejects. */
  readonly ended: Promise<PythonEnd>;
  readonly #sockets: readonly Socket[];
  readonly #job: Socket;

  constructor(script: Script, args: readonly string[] = [], { cwd = process.cwd(), env = {} }: PythonOptions = {}) {
    const path = inject('python');
    if (path === '') throw new Error('real TensorFlow is not installed (.tools/venv is missing); run `npm run setup`');
    const id = randomUUID();
    const open = (header: object): Socket => {
      // Half open: the end of stdin is not the end of stdout.
      const socket = connect({ path, allowHalfOpen: true });
      const bytes = Buffer.from(JSON.stringify({ id, ...header }));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
      return socket;
    };
    const io = open({ stream: 'io' });
    const err = open({ stream: 'err' });
    const environment = { ...process.env, ...DEFAULTS, ...env };
    const what = typeof script === 'string' ? { script: resolve(ROOT, script) } : script;
    this.#job = open({ stream: 'job', ...what, args, cwd, env: environment });
    this.#sockets = [io, err, this.#job];
    this.stdin = io;
    this.stdout = io;
    this.stderr = err;
    let failure: Error | undefined;
    for (const socket of this.#sockets)
      socket.on('error', error => {
        failure ??= error;
      });
    const closed = [io, err].map(socket => once(socket, 'close').catch(() => undefined));
    for (const socket of [io, err]) socket.once('end', () => socket.end());
    this.ended = text(this.#job)
      .catch(() => '')
      .then(async answer => {
        this.#job.destroy();
        if (answer === '') for (const socket of [io, err]) socket.destroy();
        await Promise.all(closed);
        const reason = `the Python of the test run did not answer (${failure?.message ?? 'closed'})`;
        return answer === '' ? { reason } : (JSON.parse(answer) as PythonEnd);
      });
  }

  /** Ends the script at once, with everything that it has started. */
  kill(): void {
    this.#job.destroy();
  }

  /** Whether a running script keeps this process alive. */
  hold(held: boolean): void {
    for (const socket of this.#sockets) held ? socket.ref() : socket.unref();
  }
}

const DEFAULTS = { TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1', PYTHONDONTWRITEBYTECODE: '1' };

/** What a script printed; throws with what it wrote to stderr where it does not end with code 0, or not in time. */
export async function runPython(
  script: Script,
  args: readonly string[] = [],
  { input = '', timeout = 600_000, ...options }: PythonOptions & { input?: string; timeout?: number } = {},
): Promise<string> {
  const child = new PythonProcess(script, args, options);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill();
  }, timeout);
  child.stdin.end(input);
  const [printed, errors, { code, signal, reason }] = await Promise.all([
    text(child.stdout).catch(() => ''),
    text(child.stderr).catch(() => ''),
    child.ended,
  ]);
  clearTimeout(timer);
  if (code === 0) return printed;
  const end = isLate ? `is not ready after ${timeout} ms` : `ended (${code ?? signal ?? reason})`;
  throw new Error(`${typeof script === 'string' ? script : 'the Python program'} ${end}\n${errors.slice(-20_000)}`);
}

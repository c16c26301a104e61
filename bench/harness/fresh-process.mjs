/** Runs one program in a new process, whose last line on stdout is the reply as JSON. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BENCH = dirname(dirname(fileURLToPath(import.meta.url)));
const ENVIRONMENT = { TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1', PYTHONDONTWRITEBYTECODE: '1' };

/** A program that a case cannot do without is not available here. The message is the reason. */
export class UnavailableError extends Error {
  name = 'UnavailableError';
}

export class Processes {
  #peers;
  #running = new Set();

  constructor(peers) {
    this.#peers = peers;
  }

  /** Why a program cannot be run here; undefined if it can. */
  missing({ kind, peer, reason }) {
    if (kind === 'none') return reason;
    if (kind !== 'peer') return undefined;
    const found = this.#peers[peer];
    if (found === undefined) return `${peer} was not set up`;
    return found.unavailable;
  }

  /** The reply. Its `wallSeconds` is the whole time of the process. */
  run(program) {
    const reason = this.missing(program);
    if (reason !== undefined) return Promise.resolve({ unavailable: reason });
    const [file, ...args] = this.#commandLine(program);
    const started = performance.now();
    // In a group of its own: Ctrl-C reaches only the benchmark, which then ends the whole group.
    const child = spawn(file, args, {
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#running.add(child);
    const output = collect(child);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        this.#running.delete(child);
        const wallSeconds = (performance.now() - started) / 1000;
        if (code === 0) {
          const reply = program.kind === 'command' ? { seconds: wallSeconds } : lastLine(output.stdout);
          if (reply) return resolve({ ...reply, wallSeconds });
        }
        const how = signal ? `was ended by ${signal}` : `ended with ${code} and without a reply`;
        reject(new Error(`${file} ${args.join(' ')} ${how}\n${output.stderr.slice(-2000)}`));
      });
    });
  }

  /** The same, but fails with an UnavailableError if the program is not available. */
  async mustRun(program) {
    const reply = await this.run(program);
    if (reply.unavailable !== undefined) throw new UnavailableError(reply.unavailable);
    return reply;
  }

  /** Ends the processes that this object started and that still run, and what they started. */
  end() {
    for (const { pid } of this.#running) if (pid !== undefined) endGroup(pid);
  }

  #commandLine({ kind, file, request, flags, peer, line }) {
    if (kind === 'command') return line;
    if (kind === 'node') return [process.execPath, ...flags, join(BENCH, file), JSON.stringify(request)];
    return [...this.#peers[peer].command, JSON.stringify(request)];
  }
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function collect(child) {
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', text => {
      output[stream] += text;
    });
  }
  return output;
}

function lastLine(stdout) {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? JSON.parse(last) : undefined;
}

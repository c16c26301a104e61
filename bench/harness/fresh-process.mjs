/** Runs one measurement in a new process, whose last line on stdout is the result as JSON. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BENCH = dirname(dirname(fileURLToPath(import.meta.url)));
const PYTHON = join(dirname(BENCH), '.tools', 'venv', 'bin', 'python');
const ENVIRONMENT = { TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1', PYTHONDONTWRITEBYTECODE: '1' };

/**
 * A program of the benchmark: `file` below bench/, or the raw peer. `args` are passed as JSON, but to `raw` unchanged.
 */
export const node = (file, args) => ({ kind: 'node', file, args });
export const python = (file, args) => ({ kind: 'python', file, args });
export const raw = (...args) => ({ kind: 'raw', args });

export function runFresh(program, workspace) {
  const [command, args] = commandLine(program, workspace);
  const child = spawn(command, args, { env: { ...process.env, ...ENVIRONMENT }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', text => {
      output[stream] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const last = output.stdout.trim().split('\n').at(-1) ?? '';
      if (code === 0 && last.startsWith('{')) resolve(JSON.parse(last));
      else {
        const how = signal ? `was ended by ${signal}` : `ended with ${code}`;
        reject(new Error(`${command} ${args.join(' ')} ${how}\n${output.stderr.slice(-4000)}`));
      }
    });
  });
}

function commandLine({ kind, file, args }, workspace) {
  if (kind === 'raw') return [workspace.raw, args.map(String)];
  const script = [join(BENCH, file), JSON.stringify(args)];
  if (kind === 'node') return [process.execPath, ['--expose-gc', ...script]];
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing; run \`npm run setup\` first`);
  return [PYTHON, script];
}

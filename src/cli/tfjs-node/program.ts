/** Runs another program to its end and keeps the last part of its output. */
import { spawn } from 'node:child_process';

interface Ended {
  /** Exit code; null if a signal ended it, or if it could not be started. */
  status: number | null;
  stdout: string;
  /** The last part of both streams, in the order in which they came. */
  output: string;
}

const KEPT = 1 << 20;

export function runProgram(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  return new Promise(resolve => {
    const env = { ...process.env, ...options.env };
    const child = spawn(file, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-KEPT);
      output = (output + text).slice(-KEPT);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT);
    });
    child.on('error', ({ message }) => resolve({ status: null, stdout, output: message }));
    child.on('close', status => resolve({ status, stdout, output }));
  });
}

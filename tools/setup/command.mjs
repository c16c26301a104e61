/** Runs one external command of a set-up step. Output goes to a log file, and its end is shown if the command fails. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupFailure } from './failure.mjs';

const SHOWN_LINES = 25;

/**
 * @param {{ root: string, signal?: AbortSignal }} context
 * @param {string} step name of the log file under .tools/logs
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ advice: string, cwd?: string, env?: Record<string, string>, timeoutMs?: number }} options
 * @returns {Promise<void>}
 */
export async function command(context, step, file, args, options) {
  const log = join(context.root, '.tools', 'logs', `${step}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'a');
  const started = writeSync(output, `\n$ ${[file, ...args].join(' ')}\n`);
  try {
    const outcome = await new Promise(resolve => {
      const child = spawn(file, args, {
        cwd: options.cwd ?? context.root,
        env: { ...process.env, ...options.env },
        // No input, so that a tool that asks a question fails instead of waiting for ever in CI.
        stdio: ['ignore', output, output],
        signal: context.signal,
        timeout: options.timeoutMs ?? 20 * 60_000,
      });
      child.on('error', error => resolve(error.message));
      child.on('exit', (code, signal) => resolve(code === 0 ? null : `it ended with ${signal ?? `code ${code}`}`));
    });
    if (outcome === null) return;
    const text = readFileSync(log, 'utf8');
    const tail = text
      .slice(Math.max(0, text.lastIndexOf('\n$ ')))
      .trimEnd()
      .split('\n')
      .slice(started > 0 ? 1 : 0)
      .slice(-SHOWN_LINES);
    throw new SetupFailure(
      `\`${[file, ...args].join(' ')}\` failed: ${outcome}\n${tail.map(line => `    ${line}`).join('\n')}`,
      `${options.advice} The whole output is in ${log}`,
    );
  } finally {
    closeSync(output);
  }
}

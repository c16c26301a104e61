/** How this program reports failures: the exit code, the text, the JSON. */

import { isFinding } from '../../bundle/damage.js';
import { type ErrorCode, TensorBundleError } from '../../errors.js';
import { isError } from '../../realms.js';
import { visible } from './printable.js';
import type { Style } from './style.js';

/** Exit codes. `interrupted` is 128 + SIGINT, as in shells. */
export const EXIT = { ok: 0, finding: 1, usage: 2, io: 3, interrupted: 130 } as const;

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'ERR_INVALID_ARGUMENT' satisfies ErrorCode;

  constructor(
    message: string,
    /** The command whose help would explain it. */
    readonly command?: string,
  ) {
    super(message);
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof TensorBundleError)) return EXIT.io;
  if (error.code === 'ERR_INVALID_ARGUMENT') return EXIT.usage;
  if (error.code === 'ERR_ABORTED') return EXIT.interrupted;
  return isFinding(error) ? EXIT.finding : EXIT.io;
}

interface JsonError {
  code: string;
  message: string;
  path?: string;
  tensor?: string;
  offset?: number;
}

export function jsonOfError(error: unknown): JsonError {
  if (error instanceof TensorBundleError) {
    const { code, message, path, tensor, offset } = error;
    return { code, message, path, tensor, offset };
  }
  const code = (error as { code?: unknown } | null)?.code;
  const message = isError(error) ? error.message : String(error);
  return { code: typeof code === 'string' ? code : 'ERR_INTERNAL', message };
}

/** Lines for standard error, each with its newline. An unexpected error keeps its stack: it is a bug to report. */
export function describeError(error: unknown, style: Style): string {
  const label = style.bad('error:');
  if (error instanceof UsageError) {
    const help = error.command === undefined ? 'tensorbundle --help' : `tensorbundle ${error.command} --help`;
    return `${label} ${visible(error.message)}\nTry: ${help}\n`;
  }
  if (!(error instanceof TensorBundleError)) {
    const message = String(error);
    const stack = (error as Partial<Error> | null)?.stack;
    // A message may contain line breaks, but only this program may begin a line.
    const frames = typeof stack === 'string' && stack.startsWith(message) ? stack.slice(message.length) : '';
    return `${label} ${visible(message)}${frames}\n`;
  }
  const lines = [`${label} ${visible(error.message)} ${style.dim(`(${error.code})`)}`];
  // The message usually names the tensor and the file. If it does not, they are added.
  if (error.tensor !== undefined && !error.message.includes(error.tensor))
    lines.push(`  tensor ${visible(error.tensor)}`);
  if (error.path !== undefined && !error.message.includes(error.path)) lines.push(`  file ${visible(error.path)}`);
  return `${lines.join('\n')}\n`;
}

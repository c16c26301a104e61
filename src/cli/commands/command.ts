/** What a command consists of: its help, its options, its action. Also parses a command line for a command. */

import { parseArgs } from 'node:util';
import { isError } from '../../realms.js';
import { UsageError } from '../terminal/failure.js';
import type { Output } from '../terminal/output.js';

export interface Option {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** Name of the value in the help, for strings. */
  readonly value?: string;
  readonly help: string;
}

/** A parsed command line. */
export interface Arguments {
  readonly positionals: readonly string[];
  readonly help: boolean;
  readonly json: boolean;
  flag(name: string): boolean;
  text(name: string): string | undefined;
}

export interface Command {
  readonly name: string;
  /** Positional arguments as the help shows them. */
  readonly synopsis: string;
  /** One line. */
  readonly summary: string;
  readonly description: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Command lines (without the program's name) and what they do. */
  readonly examples: readonly (readonly [string, string])[];
  /** Fewest and most positional arguments. */
  readonly positionals: readonly [number, number];
  /** Resolves to the exit code. Rejects with errors that `failure.ts` can describe. */
  run(args: Arguments, output: Output): Promise<number>;
}

/** Options that every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', help: 'print one JSON value on standard output; also for errors' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
};

/** @throws UsageError for an unknown option, a missing value, or a wrong number of positional arguments. */
export function parseCommandLine(command: Command, argv: readonly string[]): Arguments {
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {};
  for (const [name, { type, short }] of Object.entries({ ...command.options, ...COMMON_OPTIONS })) {
    options[name] = short === undefined ? { type } : { type, short };
  }
  const { values, positionals } = parse(command, argv, options);
  const flag = (name: string): boolean => values[name] === true;
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [least, most] = command.positionals;
  if (!flag('help') && (positionals.length < least || positionals.length > most)) {
    const problem = positionals.length < least ? 'too few arguments' : `unexpected argument '${positionals[most]}'`;
    throw new UsageError(`${problem}; usage: tensorbundle ${command.name} ${command.synopsis}`, command.name);
  }
  return { positionals, help: flag('help'), json: flag('json'), flag, text };
}

type Parsed = { values: Record<string, string | boolean | undefined>; positionals: string[] };

function parse(
  command: Command,
  argv: readonly string[],
  options: Record<string, { type: 'boolean' | 'string'; short?: string }>,
): Parsed {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    return { values: values as Parsed['values'], positionals };
  } catch (cause) {
    // The message of parseArgs has several sentences; the first one names the option.
    const message = isError(cause) ? cause.message.split('\n')[0]!.replace(/\. To specify.*$/s, '') : String(cause);
    throw new UsageError(message.charAt(0).toLowerCase() + message.slice(1), command.name);
  }
}

/** A whole number from an option. @throws UsageError unless it lies in [least, most]. */
export function wholeNumber(args: Arguments, name: string, least: number, most: number): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} takes a whole number from ${least} to ${most}, not '${text}'`);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A number of bytes from an option. 1048576, 1024K, 1M and 1MiB are equal. @throws UsageError. */
export function byteCount(args: Arguments, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const match = /^(\d+)([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const value = match ? Number(match[1]) * UNITS[match[2]!.toLowerCase()]! : Number.NaN;
  if (value >= 1 && Number.isSafeInteger(value)) return value;
  throw new UsageError(`--${name} takes a number of bytes such as 1048576, 64M or 2G, not '${text}'`);
}

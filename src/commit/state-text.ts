/**
 * The text-proto dialect of the state file: `name: value` pairs, strings in quotes with C escapes, comments with `#`.
 * Other well-formed fields (unknown names, nested messages) are kept unchanged.
 */
import { setImmediate } from 'node:timers/promises';
import { StateScanner } from './state-scanner.js';

export interface StateFields {
  modelCheckpointPath: string;
  allModelCheckpointPaths: string[];
  allModelCheckpointTimestamps: number[];
  lastPreservedTimestamp: number | null;
  /** Source text of the fields that this package does not know, one string per field. */
  unknown: string[];
}

/** After this many characters, a parse in turns lets others run. They take a few milliseconds. */
const TURN_LENGTH = 256 * 1024;

/** Throws ERR_CORRUPT with `path` and the character offset. */
export function parseStateText(text: string, path: string): StateFields {
  const parsing = fieldsIn(text, path, Infinity);
  for (;;) {
    const { done, value } = parsing.next();
    if (done) return value;
  }
}

/** As `parseStateText`, but lets others run in between. */
export async function parseStateTextInTurns(text: string, path: string): Promise<StateFields> {
  const parsing = fieldsIn(text, path, TURN_LENGTH);
  for (;;) {
    const { done, value } = parsing.next();
    if (done) return value;
    await setImmediate();
  }
}

function* fieldsIn(text: string, path: string, turnLength: number): Generator<undefined, StateFields> {
  const fields: StateFields = {
    modelCheckpointPath: '',
    allModelCheckpointPaths: [],
    allModelCheckpointTimestamps: [],
    lastPreservedTimestamp: null,
    unknown: [],
  };
  const scanner = new StateScanner(text, path);
  let turnEnd = turnLength;
  while (scanner.skipBlank()) {
    const start = scanner.at;
    const name = scanner.identifier();
    if (name === 'model_checkpoint_path') fields.modelCheckpointPath = checkPath(scanner.string(), scanner);
    else if (name === 'all_model_checkpoint_paths')
      fields.allModelCheckpointPaths.push(checkPath(scanner.string(), scanner));
    else if (name === 'all_model_checkpoint_timestamps') fields.allModelCheckpointTimestamps.push(scanner.number());
    else if (name === 'last_preserved_timestamp') fields.lastPreservedTimestamp = scanner.number();
    else fields.unknown.push(text.slice(start, scanner.skipValue()));
    scanner.separator();
    if (scanner.at < turnEnd) continue;
    turnEnd = scanner.at + turnLength;
    yield;
  }
  return fields;
}

export function formatStateText(fields: StateFields): string {
  const lines = [`model_checkpoint_path: ${quote(fields.modelCheckpointPath)}`];
  for (const path of fields.allModelCheckpointPaths) lines.push(`all_model_checkpoint_paths: ${quote(path)}`);
  for (const time of fields.allModelCheckpointTimestamps)
    lines.push(`all_model_checkpoint_timestamps: ${formatDouble(time)}`);
  if (fields.lastPreservedTimestamp !== null) {
    lines.push(`last_preserved_timestamp: ${formatDouble(fields.lastPreservedTimestamp)}`);
  }
  return `${[...lines, ...fields.unknown].join('\n')}\n`;
}

/** Python's text_format prints a double with `repr`: a whole number carries `.0`. */
function formatDouble(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}

/** Text without characters that need an escape: control characters, quotes and backslashes. */
const PLAIN = /^[ !#-&(-[\]-~\u0080-\uffff]*$/;

/** As Python's text_format writes it: control characters in octal, everything beyond ASCII unchanged, in UTF-8. */
function quote(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  let out = '"';
  for (const char of value) {
    const code = char.codePointAt(0)!;
    if (char === '\n') out += '\\n';
    else if (char === '\r') out += '\\r';
    else if (char === '\t') out += '\\t';
    else if (char === '"' || char === "'" || char === '\\') out += `\\${char}`;
    else if (code < 32 || code === 127) out += `\\${code.toString(8).padStart(3, '0')}`;
    else out += char;
  }
  return `${out}"`;
}

function checkPath(value: string, scanner: StateScanner): string {
  if (value.includes('\0')) throw scanner.error('a path contains a NUL character');
  return value;
}

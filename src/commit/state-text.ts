/**
 * The text-proto dialect of the state file: `name: value` pairs, strings in quotes with C escapes, comments with `#`.
 * Anything else that is well formed (unknown fields, nested messages) is kept verbatim.
 */
import { TensorBundleError } from '../errors.js';

export interface StateFields {
  modelCheckpointPath: string;
  allModelCheckpointPaths: string[];
  allModelCheckpointTimestamps: number[];
  lastPreservedTimestamp: number | null;
  /** Source text of the fields this package does not know, one each. */
  unknown: string[];
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

/** Throws ERR_CORRUPT with `path` and the character offset. */
export function parseStateText(text: string, path: string): StateFields {
  const fields: StateFields = {
    modelCheckpointPath: '',
    allModelCheckpointPaths: [],
    allModelCheckpointTimestamps: [],
    lastPreservedTimestamp: null,
    unknown: [],
  };
  const scanner = new Scanner(text, path);
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

/** As Python's text_format: control characters as octal, everything beyond ASCII as it is, in UTF-8. */
function quote(value: string): string {
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

function checkPath(value: string, scanner: Scanner): string {
  if (value.includes('\0')) throw scanner.error('a path holds a NUL character');
  return value;
}

class Scanner {
  at = 0;

  constructor(
    private readonly text: string,
    private readonly path: string,
  ) {}

  error(what: string): TensorBundleError {
    return new TensorBundleError(
      'ERR_CORRUPT',
      `${this.path} is not a checkpoint state file: ${what} at character ${this.at}`,
      {
        path: this.path,
        offset: this.at,
      },
    );
  }

  /** False at the end. */
  skipBlank(): boolean {
    for (;;) {
      while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at++;
      if (this.text[this.at] !== '#') return this.at < this.text.length;
      const end = this.text.indexOf('\n', this.at);
      this.at = end < 0 ? this.text.length : end;
    }
  }

  identifier(): string {
    const match = this.#match(/[A-Za-z_][A-Za-z0-9_]*|\[[A-Za-z0-9_./]+\]|\d+/y);
    if (match === null) throw this.error('a field name is missing');
    return match;
  }

  string(): string {
    this.#colon();
    const bytes: number[] = [];
    let parts = 0;
    while (this.skipBlank() && (this.text[this.at] === '"' || this.text[this.at] === "'")) {
      this.#quoted(bytes);
      parts++;
    }
    if (parts === 0) throw this.error('a string is missing');
    return Buffer.from(bytes).toString('utf8');
  }

  number(): number {
    this.#colon();
    this.skipBlank();
    const match = this.#match(/[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf|nan)f?/y);
    if (match === null) throw this.error('a number is missing');
    if (/inf|nan/.test(match)) return match.includes('nan') ? Number.NaN : match[0] === '-' ? -Infinity : Infinity;
    return Number(match.replace(/f$/, ''));
  }

  /** Skips the value of an unknown field, nested messages and lists included; gives its end. */
  skipValue(): number {
    let depth = 0;
    for (;;) {
      if (!this.skipBlank()) throw this.error('the file ends within a field');
      const char = this.text[this.at]!;
      if (char === '"' || char === "'") this.#quoted([]);
      else if ('{<['.includes(char)) {
        depth++;
        this.at++;
      } else if ('}>]'.includes(char)) {
        depth--;
        this.at++;
      } else if (':,;'.includes(char)) {
        this.at++;
        continue;
      } else if (this.#match(/[^\s"'{}<>[\]:,;#]+/y) === null) throw this.error(`unexpected '${char}'`);
      if (depth < 0) throw this.error('a bracket too many');
      if (depth === 0) return this.at;
    }
  }

  separator(): void {
    if (this.skipBlank() && (this.text[this.at] === ',' || this.text[this.at] === ';')) this.at++;
  }

  #colon(): void {
    this.skipBlank();
    if (this.text[this.at] !== ':') throw this.error("':' is missing");
    this.at++;
  }

  #quoted(out: number[]): void {
    const end = this.text[this.at++]!;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || char === '\n') throw this.error('a string does not end');
      this.at++;
      if (char === end) return;
      if (char === '\\') this.#escape(out);
      else {
        const point = this.text.codePointAt(this.at - 1)!;
        if (point > 0xffff) this.at++;
        out.push(...Buffer.from(String.fromCodePoint(point), 'utf8'));
      }
    }
  }

  #escape(out: number[]): void {
    const octal = this.#match(/[0-7]{1,3}/y);
    if (octal !== null) {
      out.push(Number.parseInt(octal, 8) & 255);
      return;
    }
    const hex = this.#match(/[xX][0-9a-fA-F]{1,2}/y);
    if (hex !== null) {
      out.push(Number.parseInt(hex.slice(1), 16));
      return;
    }
    const unicode = this.#match(/u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y);
    if (unicode !== null) {
      const point = Number.parseInt(unicode.slice(1), 16);
      if (point > 0x10ffff) throw this.error('a code point is too large');
      out.push(...Buffer.from(String.fromCodePoint(point), 'utf8'));
      return;
    }
    const simple = SIMPLE_ESCAPES[this.text[this.at] ?? ''];
    if (simple === undefined) throw this.error('an unknown escape');
    out.push(simple);
    this.at++;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return null;
    this.at = pattern.lastIndex;
    return match[0];
  }
}

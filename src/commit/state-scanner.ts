/**
 * Tokens of the text-proto dialect of the state file, one after the other. The time is in proportion to the length of
 * the text, whatever it holds: each character is looked at a bounded number of times.
 */
import { TensorBundleError } from '../errors.js';

const [WORD, BLANK, OTHER] = [1, 2, 0] as const;
/** The class of each ASCII character: part of a name or number, white space, or another sign. */
const CLASS = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  return /\s/.test(char) ? BLANK : /["'{}<>[\]:,;#]/.test(char) ? OTHER : WORD;
});
const [NEWLINE, DOUBLE_QUOTE, HASH, SINGLE_QUOTE, COLON, BACKSLASH] = [10, 34, 35, 39, 58, 92] as const;
const [LOWER_X, UPPER_X, LOWER_U, UPPER_U] = [120, 88, 117, 85] as const;
const [HEX_BYTE, HEX] = [/^[0-9a-fA-F]{1,2}/, /^[0-9a-fA-F]+$/] as const;
/** How brackets change the depth. Signs between values do not change it. */
const BRACKET = new Map(
  [...'{<[}>]:,;'].map(char => [char.charCodeAt(0), '{<['.includes(char) ? 1 : '}>]'.includes(char) ? -1 : 0]),
);
/** The longest double has 767 digits, so a longer text is not a number. */
const MAX_NUMBER_LENGTH = 1100;

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

export class StateScanner {
  at = 0;

  constructor(
    private readonly text: string,
    private readonly path: string,
  ) {}

  error(what: string): TensorBundleError {
    return new TensorBundleError(
      'ERR_CORRUPT',
      `${this.path} is not a checkpoint state file: ${what} at character ${this.at}`,
      { path: this.path, offset: this.at },
    );
  }

  /** Gives false at the end of the text. */
  skipBlank(): boolean {
    const { text } = this;
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === HASH) {
        const end = text.indexOf('\n', this.at);
        if (end < 0) this.at = text.length;
        else this.at = end;
      } else if (!isBlank(code)) return true;
    }
    this.at = text.length;
    return false;
  }

  identifier(): string {
    const { text } = this;
    const start = this.at;
    const first = text[start] ?? '';
    const isDigit = first >= '0' && first <= '9';
    const isBracket = first === '[';
    const part = isDigit ? isDigitCode : isBracket ? isTypeCode : isNameCode;
    let end = isBracket ? start + 1 : start;
    while (end < text.length && part(text.charCodeAt(end))) end++;
    if (isBracket && (end === start + 1 || text[end++] !== ']')) throw this.error('a field name is missing');
    if (end === start) throw this.error('a field name is missing');
    this.at = end;
    return text.slice(start, end);
  }

  /** Strings that follow each other are joined into one. */
  string(): string {
    this.#colon();
    const raw: string[] = [];
    let parts = 0;
    for (; this.skipBlank() && this.#isQuote(); parts++) {
      const part = this.#quoted();
      if (part !== '') raw.push(part);
    }
    if (parts === 0) throw this.error('a string is missing');
    const [only = ''] = raw;
    return raw.length <= 1 && !/[\\\ud800-\udfff]/.test(only) ? only : this.#unescaped(raw);
  }

  number(): number {
    this.#colon();
    this.skipBlank();
    const text = this.text.slice(this.at, this.at + MAX_NUMBER_LENGTH);
    const match = /^[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf|nan)f?/.exec(text)?.[0];
    if (match === undefined) throw this.error('a number is missing');
    if (match.length === MAX_NUMBER_LENGTH) throw this.error('a number is too long');
    this.at += match.length;
    if (/inf|nan/.test(match)) return match.includes('nan') ? Number.NaN : match[0] === '-' ? -Infinity : Infinity;
    return Number(match.replace(/f$/, ''));
  }

  /** Skips the value of an unknown field, including nested messages and lists. Gives the position of its end. */
  skipValue(): number {
    let depth = 0;
    for (;;) {
      if (!this.skipBlank()) throw this.error('the file ends within a field');
      const kind = BRACKET.get(this.text.charCodeAt(this.at));
      if (this.#isQuote()) {
        const part = this.#quoted();
        if (part.includes('\\')) this.#unescaped([part]);
      } else if (kind === undefined) this.#word();
      else {
        this.at++;
        if (kind === 0) continue;
        depth += kind;
      }
      if (depth < 0) throw this.error('there is a closing bracket too many');
      if (depth === 0) return this.at;
    }
  }

  separator(): void {
    if (this.skipBlank() && (this.text[this.at] === ',' || this.text[this.at] === ';')) this.at++;
  }

  #colon(): void {
    this.skipBlank();
    if (this.text.charCodeAt(this.at) !== COLON) throw this.error("':' is missing");
    this.at++;
  }

  #word(): void {
    while (this.at < this.text.length && isWord(this.text.charCodeAt(this.at))) this.at++;
  }

  #isQuote(): boolean {
    const code = this.text.charCodeAt(this.at);
    return code === DOUBLE_QUOTE || code === SINGLE_QUOTE;
  }

  /** The text between the quotes, with its escapes unchanged. */
  #quoted(): string {
    const { text } = this;
    const quote = text.charCodeAt(this.at++);
    const start = this.at;
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === NEWLINE) break;
      if (code === quote) return text.slice(start, this.at++);
      // An escaped quote does not end the string. A newline does, because it cannot be escaped.
      if (code === BACKSLASH && text.charCodeAt(this.at + 1) !== NEWLINE) this.at++;
    }
    this.at = Math.min(this.at, text.length);
    throw this.error('a string does not end');
  }

  /** Replaces escapes. They stand for bytes, and all bytes together are UTF-8. */
  #unescaped(parts: readonly string[]): string {
    // A UTF-16 unit takes at most three bytes, and an escape is never shorter than its bytes.
    const bytes = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.length, 0) * 3);
    let size = 0;
    for (const part of parts) {
      for (let at = 0; at < part.length; ) {
        const slash = part.indexOf('\\', at);
        const end = slash < 0 ? part.length : slash;
        if (end > at) size += bytes.write(part.slice(at, end), size, 'utf8');
        if (slash < 0) break;
        const code = part.charCodeAt(slash + 1);
        const digits = code === LOWER_X || code === UPPER_X ? 2 : code === LOWER_U ? 4 : code === UPPER_U ? 8 : 0;
        if (isOctal(code)) {
          at = slash + 2;
          let value = code - 48;
          for (; at < slash + 4 && isOctal(part.charCodeAt(at)); at++) value = value * 8 + part.charCodeAt(at) - 48;
          bytes[size++] = value & 255;
        } else if (digits > 0) {
          const hex = (digits === 2 ? HEX_BYTE : HEX).exec(part.slice(slash + 2, slash + 2 + digits))?.[0] ?? '';
          if (hex === '' || (digits > 2 && hex.length < digits)) throw this.error('an unknown escape');
          at = slash + 2 + hex.length;
          const point = Number.parseInt(hex, 16);
          if (point > 0x10ffff) throw this.error('a code point is too large');
          if (digits === 2) bytes[size++] = point;
          else size += bytes.write(String.fromCodePoint(point), size, 'utf8');
        } else {
          const simple = SIMPLE_ESCAPES[part[slash + 1] ?? ''];
          if (simple === undefined) throw this.error('an unknown escape');
          bytes[size++] = simple;
          at = slash + 2;
        }
      }
    }
    return bytes.toString('utf8', 0, size);
  }
}

function isOctal(code: number): boolean {
  return code >= 48 && code <= 55;
}

function isBlank(code: number): boolean {
  return code < 128 ? CLASS[code] === BLANK : code >= 0xa0 && /\s/.test(String.fromCharCode(code));
}

function isWord(code: number): boolean {
  return code < 128 ? CLASS[code] === WORD : !isBlank(code);
}

function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isNameCode(code: number): boolean {
  return isDigitCode(code) || code === 95 || ((code | 32) >= 97 && (code | 32) <= 122);
}

/** Characters in the name of an extension, which stands in brackets. */
function isTypeCode(code: number): boolean {
  return isNameCode(code) || code === 46 || code === 47;
}

/**
 * File names with fields, as Keras's ModelCheckpoint takes them: `training_2/cp-{epoch:04d}.ckpt`,
 * `{epoch:02d}-{val_loss:.2f}` (keras/src/callbacks/model_checkpoint.py formats them with `str.format`).
 */
import { splitPrefix } from '../../commit/names.js';
import { TensorBundleError } from '../../errors.js';
import { hintFor } from './monitor.js';
import { formatNumber, MAX_PRECISION, MAX_WIDTH, type PythonNumber, parseSpec } from './python-format.js';

interface PatternField {
  readonly name: string;
  readonly text: string;
  readonly spec: NonNullable<ReturnType<typeof parseSpec>>;
}

export class FilePattern {
  readonly text: string;
  readonly #parts: readonly (string | PatternField)[];
  #nameTexts: readonly string[] | null = null;

  /** Throws ERR_FILENAME_PATTERN for a pattern that `str.format` would refuse, or that this package does not know. */
  constructor(text: string) {
    this.text = text;
    this.#parts = [...partsOfPattern(text)];
  }

  /** The names of its fields. */
  get fields(): string[] {
    return this.#parts.flatMap(part => (typeof part === 'string' ? [] : [part.name]));
  }

  /** Throws ERR_FILENAME_PATTERN for a field without a value, and for a format that does not suit its value. */
  path(values: Readonly<Record<string, PythonNumber>>): string {
    return this.#parts.map(part => (typeof part === 'string' ? part : this.#write(part, values))).join('');
  }

  /** Throws ERR_FILENAME_PATTERN for a field that is not among the names. */
  checkFields(names: readonly string[]): void {
    const known = new Set(names);
    for (const field of this.fields) if (!known.has(field)) throw this.#unknown(field, names);
  }

  /** The directory of all files of this pattern; null if there are fields in its name. */
  get directory(): string | null {
    const { directory } = splitPrefix(this.text);
    return new FilePattern(directory).fields.length === 0 ? new FilePattern(directory).path({}) : null;
  }

  /**
   * Whether a file name (without directory) can come from this pattern, where a field may be any text, as in Keras.
   * Searches from left to right for the text between two fields and takes its first occurrence: if any choice fits, the
   * first one does, so no other is tried.
   */
  matches(name: string): boolean {
    this.#nameTexts ??= textsBetween(partsOfPattern(splitPrefix(this.text).base));
    const texts = this.#nameTexts;
    const [first = '', last = ''] = [texts[0], texts.at(-1)];
    if (texts.length === 1) return name === first;
    const end = name.length - last.length;
    if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const text of texts.slice(1, -1)) {
      const found = name.indexOf(text, at);
      if (found < 0 || found + text.length > end) return false;
      at = found + text.length;
    }
    return true;
  }

  #write({ name, spec, text }: PatternField, values: Readonly<Record<string, PythonNumber>>): string {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw this.#unknown(name, Object.keys(values));
    const written = formatNumber(value, spec);
    if (written === null)
      throw wrongPattern(this.text, `the format of {${text}} does not suit the value ${value.value}`, text);
    return written;
  }

  #unknown(field: string, names: readonly string[]): TensorBundleError {
    return wrongPattern(
      this.text,
      `there is no field {${field}}; the fields are ${names.join(', ')}${hintFor(field, names)}`,
      field,
    );
  }
}

/** The texts before, between and after the fields: one more than there are fields. */
function textsBetween(parts: Iterable<string | PatternField>): string[] {
  const texts: string[][] = [[]];
  for (const part of parts) {
    if (typeof part === 'string') texts.at(-1)!.push(part);
    else texts.push([]);
  }
  return texts.map(pieces => pieces.join(''));
}

/** Yields text and fields in their order; `{{` and `}}` are braces. */
function* partsOfPattern(pattern: string): Generator<string | PatternField> {
  let at = 0;
  for (const match of pattern.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g)) {
    yield pattern.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') yield match[0][0]!;
    else if (match[1] === undefined)
      throw wrongPattern(
        pattern,
        `the '${match[0]}' at ${match.index} has no counterpart; write '${match[0]}${match[0]}' for the character ` +
          'itself',
        match[0],
      );
    else yield parsedPatternField(pattern, match[1]);
  }
  yield pattern.slice(at);
}

function parsedPatternField(pattern: string, text: string): PatternField {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const specText = colon < 0 ? '' : text.slice(colon + 1);
  const spec = parseSpec(specText);
  if (name === '' || /[.[\]!]/.test(name)) throw wrongPattern(pattern, `{${text}} must begin with a simple name`, text);
  if (spec === null && /\d{3}/.test(specText))
    throw wrongPattern(
      pattern,
      `{${text}} has a format that is not known or too large: the width is at most ${MAX_WIDTH}, the ` +
        `precision ${MAX_PRECISION}`,
      text,
    );
  if (spec === null)
    throw wrongPattern(pattern, `{${text}} has a format that is not known; the types are d, f, e, g and %`, text);
  return { name, text, spec };
}

function wrongPattern(pattern: string, why: string, found: string): TensorBundleError {
  return new TensorBundleError('ERR_FILENAME_PATTERN', `the file name '${pattern}' cannot be made: ${why}`, {
    path: pattern,
    found,
  });
}

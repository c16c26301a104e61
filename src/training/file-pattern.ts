/**
 * File names with fields, as Keras's ModelCheckpoint takes them: `training_2/cp-{epoch:04d}.ckpt`, `{epoch:02d}-{val_loss:.2f}`
 * (keras/src/callbacks/model_checkpoint.py formats them with `str.format`).
 */
import { splitPrefix } from '../commit/names.js';
import { TensorBundleError } from '../errors.js';
import { formatNumber, type PythonNumber, parseSpec } from './python-format.js';

interface Field {
  readonly name: string;
  readonly text: string;
  readonly spec: NonNullable<ReturnType<typeof parseSpec>>;
}

export class FilePattern {
  readonly text: string;
  readonly #parts: readonly (string | Field)[];

  /** Throws ERR_FILENAME_PATTERN for a pattern that `str.format` would refuse, or that this package does not know. */
  constructor(text: string) {
    this.text = text;
    this.#parts = [...split(text)];
  }

  /** The names of its fields. */
  get fields(): string[] {
    return this.#parts.flatMap(part => (typeof part === 'string' ? [] : [part.name]));
  }

  /** Throws ERR_FILENAME_PATTERN for a field without a value, and for one whose specification is not for such a value. */
  path(values: Readonly<Record<string, PythonNumber>>): string {
    return this.#parts.map(part => (typeof part === 'string' ? part : this.#write(part, values))).join('');
  }

  /** Throws ERR_FILENAME_PATTERN for a field that is not among the names. */
  checkFields(names: readonly string[]): void {
    for (const field of this.fields) if (!names.includes(field)) throw this.#unknown(field, names);
  }

  /** The directory of all files of this pattern; null if there are fields in its name. */
  get directory(): string | null {
    const { directory } = splitPrefix(this.text);
    return new FilePattern(directory).fields.length === 0 ? new FilePattern(directory).path({}) : null;
  }

  /** Whether a file name (without directory) can come from this pattern: any text for a field, as Keras has it. */
  matches(name: string): boolean {
    const parts = new FilePattern(splitPrefix(this.text).base).#parts;
    const source = parts.map(part => (typeof part === 'string' ? part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&') : '.*'));
    return new RegExp(`^${source.join('')}$`, 's').test(name);
  }

  #write({ name, spec, text }: Field, values: Readonly<Record<string, PythonNumber>>): string {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw this.#unknown(name, Object.keys(values));
    const written = formatNumber(value, spec);
    if (written === null)
      throw refused(this.text, `the format of {${text}} is not for a number such as ${value.value}`, text);
    return written;
  }

  #unknown(field: string, names: readonly string[]): TensorBundleError {
    return refused(this.text, `{${field}} is not known; there are ${names.join(', ')}`, field);
  }
}

/** Text and fields in their order; `{{` and `}}` are braces. */
function* split(pattern: string): Generator<string | Field> {
  let at = 0;
  for (const match of pattern.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g)) {
    yield pattern.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') yield match[0][0]!;
    else if (match[1] === undefined) throw refused(pattern, `'${match[0]}' at ${match.index} stands alone`, match[0]);
    else yield field(pattern, match[1]);
  }
  yield pattern.slice(at);
}

function field(pattern: string, text: string): Field {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const spec = parseSpec(colon < 0 ? '' : text.slice(colon + 1));
  if (name === '' || /[.[\]!]/.test(name)) throw refused(pattern, `{${text}} has no simple name`, text);
  if (spec === null)
    throw refused(pattern, `{${text}} has a format that is not known; the types are d, f, e, g and %`, text);
  return { name, text, spec };
}

function refused(pattern: string, why: string, found: string): TensorBundleError {
  return new TensorBundleError('ERR_FILENAME_PATTERN', `the file name '${pattern}' cannot be made: ${why}`, {
    path: pattern,
    found,
  });
}

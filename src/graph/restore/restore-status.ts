/** What a restore did, and TensorFlow's assertions about it. */
import { type ErrorCode, TensorBundleError } from '../../errors.js';
import { pathOfKey } from '../key.js';
import { describeMismatch, differsInType, type Mismatch, splitLabel, typeOf } from '../mismatch.js';
import { enumerate } from '../object-path.js';
import type { SourceKind } from './restore-source.js';

/** Outcome of reading a checkpoint into live objects. Keys are checkpoint keys. */
export interface RestoreStatus {
  /** Keys that were loaded, in the order of the model. */
  readonly loaded: string[];
  /** Keys that variables of the model would have, and that the checkpoint does not have. */
  readonly missing: string[];
  /** Keys of the checkpoint (below the root that was matched) that no variable took. */
  readonly unused: string[];
  /** Variables whose shape or dtype differs from that in the checkpoint. */
  readonly mismatched: Mismatch[];
  /** Throws ERR_NOT_CONSUMED unless every variable was loaded and every value used (tf: `assert_consumed`). */
  assertConsumed(): this;
  /** Throws ERR_UNMATCHED unless every existing variable was loaded; unused values are fine. */
  assertExistingObjectsMatched(): this;
  /** Throws ERR_TRIVIAL_MATCH if nothing was loaded. */
  assertNontrivialMatch(): this;
  /**
   * Says that a partial restore is meant. TensorFlow silences its warnings then; this package never prints any, so the
   * call only documents the intent. Assertions stay as strict as they were, as in TensorFlow.
   */
  expectPartial(): this;
  /** The whole status as a text of a few lines. */
  toString(): string;
}

/**
 * A key, and the name in messages of the variable that it is the key of: `conv2d_3/kernel`. Two variables may have one
 * key.
 */
export interface Labelled {
  readonly key: string;
  readonly label: string;
}

export interface RestoreOutcome {
  /** The checkpoint's prefix, the path of a file, or the model the values came from; for messages. */
  path: string;
  /** What the values came from, as a part of a sentence. */
  source: SourceKind | 'the other model';
  /** Path of the object the values were taken from, where that is not the root. */
  root: string;
  /** How many variables `include` and `exclude` leave. */
  selected: number;
  loaded: Labelled[];
  missing: Labelled[];
  unused: string[];
  mismatched: (Mismatch & Labelled)[];
  /** True if a mismatch stopped the restore before anything was assigned. */
  refusedValues: boolean;
}

/** How many keys a message lists before it says "and N more". */
const MOST_LINES = 8;

function list(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MOST_LINES).map(line => `  ${line}`);
  return lines.length > MOST_LINES ? [...shown, `  and ${lines.length - MOST_LINES} more`] : shown;
}

/** Looks at the outcome each time it is asked, because values may still be waiting for their variables. */
class Status implements RestoreStatus {
  readonly #outcome: RestoreOutcome;

  constructor(outcome: RestoreOutcome) {
    this.#outcome = outcome;
  }

  get loaded(): string[] {
    return keysOf(this.#outcome.loaded);
  }

  get missing(): string[] {
    return keysOf(this.#outcome.missing);
  }

  get unused(): string[] {
    return this.#outcome.unused;
  }

  get mismatched(): Mismatch[] {
    return this.#outcome.mismatched.map(({ label: _label, ...mismatch }) => mismatch);
  }

  assertConsumed(): this {
    const complete = this.missing.length + this.unused.length + this.mismatched.length === 0;
    if (!complete) this.#fail('ERR_NOT_CONSUMED', `${this.#outcome.source} and the model do not agree completely`);
    return this;
  }

  assertExistingObjectsMatched(): this {
    const complete = this.missing.length + this.mismatched.length === 0;
    if (!complete) this.#fail('ERR_UNMATCHED', 'some variables of the model were not restored');
    return this;
  }

  assertNontrivialMatch(): this {
    if (this.loaded.length === 0)
      this.#fail('ERR_TRIVIAL_MATCH', `nothing in ${this.#outcome.source} belongs to this model`);
    return this;
  }

  expectPartial(): this {
    return this;
  }

  toString(): string {
    const { path, source, root, refusedValues, loaded, missing, unused, mismatched } = this.#outcome;
    const from = root === '' ? path : `'${root}' of ${path}`;
    const lines = [
      `${counted(loaded, 'variable')} restored from ${from}${refusedValues ? '; nothing was changed' : ''}`,
    ];
    if (mismatched.length > 0) {
      const kept = refusedValues
        ? ''
        : `; ${mismatched.length === 1 ? 'it keeps its value' : 'they keep their values'}`;
      lines.push(`${counted(mismatched, 'variable')} of another shape or type${kept}:`);
      lines.push(...list(mismatched.map(one => describeMismatch(one, one.label, source))));
    }
    if (missing.length > 0) {
      lines.push(`${counted(missing, 'variable')} of the model ${isAre(missing)} not in ${source}:`);
      lines.push(...list(missing.map(describeMissing)));
    }
    if (unused.length > 0) {
      lines.push(`${counted(unused, 'value')} of ${source} ${unused.length === 1 ? 'was' : 'were'} not used:`);
      lines.push(...list(unused));
    }
    return [...lines, ...this.#hints()].join('\n');
  }

  /** What to try if nothing was found, or if both missing and unused values suggest that names differ. */
  #hints(): string[] {
    const { missing, unused } = this;
    if (this.#outcome.selected === 0) return ['`include` and `exclude` leave no variable of the model.'];
    if (missing.length === 0 || unused.length === 0 || this.#outcome.source === 'the other model') return [];
    const { source } = this.#outcome;
    const paths = enumerate(unused.map(pathOfKey), 3);
    if (this.loaded.length > 0 || this.mismatched.length > 0) {
      return [`If the missing values are there under other names (${paths}), give these names with \`map\`.`];
    }
    return [
      `Nothing in ${source} was found where this model would have it. Its own paths look like ${paths}; ` +
        "`map` can name them, for variables or for whole layers: { map: { 'name of a layer': 'path in " +
        `${source}' } }`,
    ];
  }

  #fail(code: ErrorCode, summary: string): never {
    throw new TensorBundleError(code, `${summary}\n${this}`, {
      path: this.#outcome.path,
      expected: this.missing,
      found: this.unused,
    });
  }
}

function counted(items: readonly unknown[], noun: string): string {
  return `${items.length} ${noun}${items.length === 1 ? '' : 's'}`;
}

function isAre(items: readonly unknown[]): string {
  return items.length === 1 ? 'is' : 'are';
}

/** The keys, each once, in order. */
function keysOf(variables: readonly Labelled[]): string[] {
  return [...new Set(variables.map(({ key }) => key))];
}

function describeMissing({ key, label }: Labelled): string {
  const { owner, variable } = splitLabel(label);
  return `${owner === '' ? '' : `layer ${owner}: `}${variable} (${key})`;
}

export function restoreStatus(outcome: RestoreOutcome): RestoreStatus {
  return new Status(outcome);
}

/** What to do about mismatches. A value of another type is not converted, so it has to be saved with the right type. */
function adviceOn({ mismatched, source }: RestoreOutcome): string {
  const types = new Set(mismatched.flatMap(one => (differsInType(one) ? [typeOf(one.expected)] : [])));
  if (source === 'the other model') return `Build both models with the same ${types.size > 0 ? 'types' : 'sizes'}`;
  const remedy =
    types.size > 0 ? `Save it as ${[...types].join(' and ')}` : 'Build the model with the sizes it was saved with';
  return `${remedy}, or pass skipMismatch: true to load the rest`;
}

/** ERR_MISMATCH with the status of the restore that was refused. Nothing was changed. */
export class RestoreMismatchError extends TensorBundleError {
  readonly status: RestoreStatus;

  constructor(status: RestoreStatus, outcome: RestoreOutcome) {
    const [first] = outcome.mismatched;
    const more = outcome.mismatched.length - 1;
    const text = first === undefined ? '' : describeMismatch(first, first.label, outcome.source);
    super(
      'ERR_MISMATCH',
      `${text}${more > 0 ? ` (and ${more} more)` : ''}; nothing was ` +
        `changed${first?.reason ? '' : `. ${adviceOn(outcome)}`}`,
      {
        path: outcome.path,
        tensor: first?.key,
        expected: first?.expected,
        found: first?.found,
      },
    );
    this.status = status;
  }
}

/** What a restore did, and TensorFlow's assertions about it. */
import { type ErrorCode, TensorBundleError } from '../errors.js';
import { pathOfKey } from './key.js';
import { describeMismatch, type Mismatch, owned } from './mismatch.js';
import { enumerate } from './object-path.js';

/** Outcome of reading a checkpoint into live objects. Keys are checkpoint keys. */
export interface RestoreStatus {
  /** Keys that were read, in the model's order. */
  readonly loaded: string[];
  /** Keys that existing variables would have and the checkpoint lacks. */
  readonly missing: string[];
  /** Keys of the checkpoint (below the root that was matched) that no variable took. */
  readonly unused: string[];
  readonly mismatched: Mismatch[];
  /** Throws ERR_NOT_CONSUMED unless every variable was loaded and every value used (tf: `assert_consumed`). */
  assertConsumed(): this;
  /** Throws ERR_UNMATCHED unless every existing variable was loaded; unused values are fine. */
  assertExistingObjectsMatched(): this;
  /** Throws ERR_TRIVIAL_MATCH if nothing was loaded. */
  assertNontrivialMatch(): this;
  /**
   * Says that a partial restore is meant. TensorFlow silences its warnings then; this package never prints any, so the call
   * only documents the intent. Assertions stay as strict as they were, as in TensorFlow.
   */
  expectPartial(): this;
  toString(): string;
}

export interface RestoreOutcome {
  /** The checkpoint's prefix, or the model the values came from; for messages. */
  path: string;
  /** What the values came from, in the middle of a sentence. */
  source: 'the checkpoint' | 'the other model';
  loaded: string[];
  missing: string[];
  unused: string[];
  mismatched: Mismatch[];
  /** What people call the variable of a key: `conv2d_3/kernel`. */
  names: ReadonlyMap<string, string>;
  /** True if a mismatch stopped the restore before anything was assigned. */
  refused: boolean;
}

/** How many keys a message lists before it says "and N more". */
const LISTED = 8;

function list(lines: readonly string[]): string[] {
  const shown = lines.slice(0, LISTED).map(line => `  ${line}`);
  return lines.length > LISTED ? [...shown, `  and ${lines.length - LISTED} more`] : shown;
}

class Status implements RestoreStatus {
  readonly loaded: string[];
  readonly missing: string[];
  readonly unused: string[];
  readonly mismatched: Mismatch[];
  readonly #outcome: RestoreOutcome;

  constructor(outcome: RestoreOutcome) {
    this.loaded = outcome.loaded;
    this.missing = outcome.missing;
    this.unused = outcome.unused;
    this.mismatched = outcome.mismatched;
    this.#outcome = outcome;
  }

  assertConsumed(): this {
    const complete = this.missing.length + this.unused.length + this.mismatched.length === 0;
    if (!complete) this.#fail('ERR_NOT_CONSUMED', 'the checkpoint and the model do not agree completely');
    return this;
  }

  assertExistingObjectsMatched(): this {
    const complete = this.missing.length + this.mismatched.length === 0;
    if (!complete) this.#fail('ERR_UNMATCHED', 'some variables of the model were not restored');
    return this;
  }

  assertNontrivialMatch(): this {
    if (this.loaded.length === 0) this.#fail('ERR_TRIVIAL_MATCH', 'nothing in the checkpoint belongs to this model');
    return this;
  }

  expectPartial(): this {
    return this;
  }

  toString(): string {
    const { path, source, names, refused } = this.#outcome;
    const { loaded, missing, unused, mismatched } = this;
    const lines = [`${counted(loaded, 'variable')} restored from ${path}${refused ? '; nothing was changed' : ''}`];
    if (mismatched.length > 0) {
      const kept = refused ? '' : `; ${mismatched.length === 1 ? 'it keeps its value' : 'they keep their values'}`;
      lines.push(`${counted(mismatched, 'variable')} of another shape or type${kept}:`);
      lines.push(...list(mismatched.map(one => describeMismatch(one, names.get(one.key) ?? one.key, source))));
    }
    if (missing.length > 0) {
      lines.push(`${counted(missing, 'variable')} of the model ${isAre(missing)} not in ${source}:`);
      lines.push(...list(missing.map(key => describeMissing(key, names.get(key)))));
    }
    if (unused.length > 0) {
      lines.push(`${counted(unused, 'value')} of ${source} ${unused.length === 1 ? 'was' : 'were'} not used:`);
      lines.push(...list(unused));
    }
    return [...lines, ...this.#hints()].join('\n');
  }

  /** What to try where nothing, or less than could be, was found. */
  #hints(): string[] {
    const { missing, unused } = this;
    if (missing.length === 0 || unused.length === 0 || this.#outcome.source !== 'the checkpoint') return [];
    const paths = enumerate(unused.map(pathOfKey), 3);
    if (this.loaded.length > 0 || this.mismatched.length > 0) {
      return [`If what is missing is there under another name (${paths}), \`map\` can say so.`];
    }
    return [
      `Nothing in the checkpoint was found where this model would have it. Its own paths look like ${paths}; ` +
        "`map` can name them, for variables or for whole layers: { map: { 'name of a layer': 'path in the checkpoint' } }",
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

function describeMissing(key: string, label: string | undefined): string {
  if (label === undefined) return key;
  const { owner, variable } = owned(label);
  return `${owner === '' ? '' : `layer ${owner}: `}${variable} (${key})`;
}

export function restoreStatus(outcome: RestoreOutcome): RestoreStatus {
  return new Status(outcome);
}

/** ERR_MISMATCH with the status of the restore that was refused. Nothing was changed. */
export class RestoreMismatchError extends TensorBundleError {
  readonly status: RestoreStatus;

  constructor(status: RestoreStatus, outcome: RestoreOutcome) {
    const [first] = outcome.mismatched;
    const more = outcome.mismatched.length - 1;
    const text =
      first === undefined ? '' : describeMismatch(first, outcome.names.get(first.key) ?? first.key, outcome.source);
    const advice =
      outcome.source === 'the checkpoint'
        ? 'Build the model with the sizes it was saved with, or pass skipMismatch: true to load the rest'
        : 'Build both models with the same sizes';
    super('ERR_MISMATCH', `${text}${more > 0 ? ` (and ${more} more)` : ''}; nothing was changed. ${advice}`, {
      path: outcome.path,
      tensor: first?.key,
      expected: first?.expected,
      found: first?.found,
    });
    this.status = status;
  }
}

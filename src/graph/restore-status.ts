/** What a restore did, and TensorFlow's assertions about it. */
import { type ErrorCode, TensorBundleError } from '../errors.js';

export interface Mismatch {
  /** Key in the checkpoint. */
  key: string;
  /** dtype and shape of the live variable: `float32 [3,3,16,32]`. */
  expected: string;
  /** dtype and shape in the checkpoint. */
  found: string;
}

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
  /** The checkpoint, for messages. */
  path: string;
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
    const { path, names, refused } = this.#outcome;
    const named = (key: string): string => {
      const name = names.get(key);
      return name === undefined ? key : `${name} (${key})`;
    };
    const lines = [`${this.loaded.length} variables restored from ${path}${refused ? '; nothing was changed' : ''}`];
    if (this.mismatched.length > 0) {
      lines.push(`${this.mismatched.length} of another shape or type:`);
      lines.push(...list(this.mismatched.map(mismatch => describeMismatch(mismatch, names))));
    }
    if (this.missing.length > 0) {
      lines.push(`${this.missing.length} variables of the model are not in the checkpoint:`);
      lines.push(...list(this.missing.map(named)));
    }
    if (this.unused.length > 0) {
      lines.push(`${this.unused.length} values of the checkpoint were not used:`, ...list(this.unused));
    }
    return lines.join('\n');
  }

  #fail(code: ErrorCode, summary: string): never {
    throw new TensorBundleError(code, `${summary}\n${this}`, {
      path: this.#outcome.path,
      expected: this.missing,
      found: this.unused,
    });
  }
}

function describeMismatch({ key, expected, found }: Mismatch, names: ReadonlyMap<string, string>): string {
  const name = names.get(key) ?? key;
  const cut = name.lastIndexOf('/');
  const subject = cut < 0 ? name : `layer ${name.slice(0, cut)} expects ${name.slice(cut + 1)}`;
  return `${subject} ${expected}; the checkpoint has ${found} at ${key}`;
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
    const text = first === undefined ? '' : describeMismatch(first, outcome.names);
    super(
      'ERR_MISMATCH',
      `${text}${more > 0 ? ` (and ${more} more)` : ''}; nothing was changed. ` +
        'Build the model with the sizes it was saved with, or pass skipMismatch: true to load the rest',
      { path: outcome.path, tensor: first?.key, expected: first?.expected, found: first?.found },
    );
    this.status = status;
  }
}

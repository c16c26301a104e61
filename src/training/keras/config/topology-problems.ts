/** What stands in the way of a model: everything that TensorFlow.js lacks, for one error that lists all of it. */
import { TensorBundleError } from '../../../errors.js';

/** More are counted, not named. */
const MOST_NAMED = 40;
/** In a warning, which does not have to name each layer. */
const MOST_TOLD = 5;

export class TopologyProblems {
  readonly #classes = new Map<string, Set<string>>();
  readonly #options: string[] = [];
  readonly #operations: string[] = [];
  readonly #remarks = new Set<string>();
  readonly #layers = new Map<string, Set<string>>();

  /** A layer of a class that nobody registered. */
  lacksClass(className: string, name: string): void {
    const names = this.#classes.get(className) ?? new Set();
    this.#classes.set(className, names.add(name));
  }

  /** An operation between layers that nothing here computes. */
  lacksOperation(operation: string, name: string): void {
    this.#operations.push(`${operation} '${name}'`);
  }

  /** Something that a layer of TensorFlow.js does not do, which would change what the model computes. */
  lacksOption(className: string, name: string, what: string): void {
    this.#options.push(`${className} '${name}': ${what}`);
  }

  /** Something that does not change what the model predicts, but how it learns. */
  remark(what: string): void {
    this.#remarks.add(what);
  }

  /** A remark that is the same for many layers, which are named together after it. */
  remarkOn(name: string, what: string): void {
    const names = this.#layers.get(what) ?? new Set();
    this.#layers.set(what, names.add(name));
  }

  get remarks(): readonly string[] {
    const together = [...this.#layers].map(
      ([what, names]) => `${what}: ${shortened([...names].map(quoted), MOST_TOLD)}`,
    );
    return [...this.#remarks, ...together];
  }

  get isEmpty(): boolean {
    return this.#classes.size === 0 && this.#options.length === 0 && this.#operations.length === 0;
  }

  /** Throws ERR_NOT_SUPPORTED if there is a problem. `asItIs`: how to run the model without making it. */
  refuse(path: string, asItIs: string): void {
    const classes = [...this.#classes].map(([name, layers]) => `${name} (${shortened([...layers].map(quoted))})`);
    if (this.isEmpty) return;
    const parts = [
      classes.length > 0 &&
        `it has no layers of these classes: ${shortened(classes)}; write a class for each, whose className is that ` +
          'name, and register it with tf.serialization.registerClass before you load the model',
      this.#operations.length > 0 &&
        `it has no operations between layers like these: ${shortened(this.#operations)}; put what they compute into ` +
          'a layer of a class of your own, in Python and here',
      this.#options.length > 0 && `it does not compute these options: ${shortened(this.#options)}`,
    ].filter(part => part !== false);
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `TensorFlow.js cannot make the model in ${path}: ${parts.join('; ')}. To run the model as it is, ${asItIs}`,
      { path, found: [...this.#classes.keys(), ...this.#operations, ...this.#options] },
    );
  }
}

function quoted(name: string): string {
  return `'${name}'`;
}

function shortened(items: readonly string[], most = MOST_NAMED): string {
  const rest = items.length - most;
  return `${items.slice(0, most).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
}

/** Where in a program an operation is done. */
import { URL } from 'node:url';
import type { Place } from '../graphs/graph.js';
import { scopesHere } from './named-scopes.js';

/** Frames of TensorFlow.js, of this package and of Node.js are not the user's. */
const FOREIGN = /node_modules\/@tensorflow\/|\(node:|at node:|<anonymous>/;
const HERE = new URL('../../../', import.meta.url).pathname;
const FRAMES = 60;
/** Calls the function: what is further out only asked for the trace. */
const CALLER = new URL('./recorder.', import.meta.url).pathname;

/** Taken for each operation, so the text of the stack is made only if somebody asks for it. */
export class ProgramPlace implements Place {
  readonly kernel: string;
  readonly #scopes: readonly string[];
  #taken: { stack?: unknown } | undefined;
  #stack: readonly string[] = [];

  constructor(kernel: string) {
    this.kernel = kernel;
    this.#scopes = scopesHere();
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = FRAMES;
    this.#taken = new Error();
    Error.stackTraceLimit = limit;
  }

  /** The lines that belong to the user's program, then what it is in (a layer), each the innermost first. */
  get stack(): readonly string[] {
    if (this.#taken) {
      this.#stack = [...linesOf(this.#taken.stack), ...this.#scopes];
      this.#taken = undefined;
    }
    return this.#stack;
  }

  /** For messages: the innermost line of the program, and the layer. */
  get text(): string {
    const { stack } = this;
    const scope = this.#scopes[0];
    const line = stack.length > this.#scopes.length ? stack[0] : undefined;
    return [scope && `in ${scope}`, line && `at ${line}`].filter(Boolean).join(', ') || 'in TensorFlow.js';
  }
}

function linesOf(stack: unknown): string[] {
  // Error.prepareStackTrace, which is the program's, may make anything of it.
  if (typeof stack !== 'string') return [];
  const lines = stack.split('\n').slice(1);
  const end = lines.findIndex(line => line.includes(CALLER));
  return lines
    .slice(0, end < 0 ? undefined : end)
    .map(line => line.trim().replace(/^at /, ''))
    .filter(line => !FOREIGN.test(line) && !line.includes(HERE));
}

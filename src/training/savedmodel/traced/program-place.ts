/** Where in a program an operation is done. */
import { URL } from 'node:url';
import type { Place } from '../graphs/graph.js';
import { scopesHere } from './named-scopes.js';

/** Frames of TensorFlow.js and of Node.js are not the program's. */
const FOREIGN = /node_modules\/@tensorflow\/|\(node:|at node:|<anonymous>/;
/** Nor are those of this package, whose files, bundled or not, are all in this folder. */
const HERE = new URL(import.meta.url).pathname.replace(/(.*\/(?:src|dist)\/).*/, '$1');
const PACKAGE = /\/node_modules\/|\(node:|at node:/;
const FRAMES = 32;

/** Calls the function that is traced. What is further out on the stack only asked for the trace. */
export function callTraced<I, O>(fn: (...inputs: I[]) => O, inputs: readonly I[]): O {
  return fn(...inputs);
}

/** Call it in a function that stands in for another one: whether the program itself calls that, and no package. */
export function isCalledByProgram(): boolean {
  const { stack } = new Error();
  if (typeof stack !== 'string') return false;
  // The first line is the message; then come this function and the one that stands in.
  const caller = stack.split('\n')[3];
  return caller !== undefined && !PACKAGE.test(caller) && !caller.includes(HERE);
}

/** Taken for each operation, so the text of the stack is made only if somebody asks for it. */
export class ProgramPlace implements Place {
  readonly kernel: string;
  readonly #scopes: readonly string[];
  #taken: { stack?: unknown } | undefined;
  #stack: readonly string[] = [];

  /** Without a stack it costs nothing, and says only the kernel and the layer. */
  constructor(kernel: string, hasStack = true) {
    this.kernel = kernel;
    this.#scopes = scopesHere();
    if (!hasStack) {
      this.#stack = this.#scopes;
      return;
    }
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
  const end = lines.findIndex(line => line.includes(`at ${callTraced.name} `));
  return lines
    .slice(0, end < 0 ? undefined : end)
    .map(line => line.trim().replace(/^at /, ''))
    .filter(line => !FOREIGN.test(line) && !line.includes(HERE));
}

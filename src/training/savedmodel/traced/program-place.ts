/** Where in a program an operation is done. */
import { scopesHere } from './named-scopes.js';

/** Frames of TensorFlow.js, of this package and of Node.js are not the user's. */
const FOREIGN = /node_modules\/@tensorflow\/|\(node:|at node:|<anonymous>/;
const HERE = new URL('../../../', import.meta.url).pathname;
const FRAMES = 60;

/** The lines of the stack that belong to the user's program, then what it is in (a layer), each the innermost first. */
export function stackHere(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  const frames = stack
    .split('\n')
    .slice(1)
    .map(line => line.trim().replace(/^at /, ''))
    .filter(line => !FOREIGN.test(line) && !line.includes(HERE));
  return [...frames, ...scopesHere()];
}

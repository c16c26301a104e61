/** Where in a program an operation is done. */
import { scopesHere } from './named-scopes.js';

/** Frames of TensorFlow.js, of this package and of Node.js are not the user's. */
const FOREIGN = /node_modules\/@tensorflow\/|\(node:|at node:|<anonymous>/;
const HERE = new URL('../../../', import.meta.url).pathname;
const FRAMES = 60;
/** Calls the function: what is further out only asked for the trace. */
const CALLER = new URL('./recorder.', import.meta.url).pathname;

/** The lines of the stack that belong to the user's program, then what it is in (a layer), each the innermost first. */
export function stackHere(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  const lines = stack.split('\n').slice(1);
  const end = lines.findIndex(line => line.includes(CALLER));
  const frames = lines
    .slice(0, end < 0 ? undefined : end)
    .map(line => line.trim().replace(/^at /, ''))
    .filter(line => !FOREIGN.test(line) && !line.includes(HERE));
  return [...frames, ...scopesHere()];
}

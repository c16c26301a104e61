/** Where in a program an operation is done. */

/** Frames of TensorFlow.js, of this package and of Node.js are not the user's. */
const FOREIGN = /node_modules\/@tensorflow\/|\(node:|at node:|<anonymous>/;
const HERE = new URL('../../../', import.meta.url).pathname;
const FRAMES = 60;

/** The lines of the stack that belong to the user's program, the innermost first. */
export function stackHere(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return stack
    .split('\n')
    .slice(1)
    .map(line => line.trim().replace(/^at /, ''))
    .filter(line => !FOREIGN.test(line) && !line.includes(HERE));
}

/** What is said of a function that cannot be made to work at every size. */
import { TensorBundleError } from '../../../errors.js';
import type { GraphNode, Place } from '../graphs/graph.js';

/** An error about a node: `problem` continues "… cannot be traced with null dimensions: ". */
export function cannotGeneralize(problem: string, node: GraphNode | undefined, found?: unknown): TensorBundleError {
  const where = node === undefined ? '' : ` (${placeOf(node.place)})`;
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the function cannot be traced with null dimensions: ${problem}${where}`,
    { found },
  );
}

/** `text`: what was not the same again, at `place`. */
export function notRepeatable(text: string, place: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the function does not do the same every time: ${text} (${place}). What changes between calls must be an input, ` +
      'a variable, or one of the random operations of TensorFlow.js',
    { found: place },
  );
}

/** The innermost line of the program that was traced. */
export function placeOf(place: Place | undefined): string {
  return place?.stack[0]?.trim().replace(/^at /, '') ?? 'an unknown place';
}

/** The operation, and the kernel of TensorFlow.js where it has another name. */
export function nameOf(node: GraphNode): string {
  switch (node.kind) {
    case 'argument':
      return `the input '${node.name}'`;
    case 'constant':
      return `a constant [${node.shape.join(', ')}]`;
    case 'variable':
      return `the variable '${node.variable.name}'`;
    case 'loop':
      return 'a loop';
    case 'operation': {
      const kernel = node.place?.kernel;
      return kernel === undefined || kernel === node.op ? node.op : `${node.op} (kernel ${kernel})`;
    }
  }
}

/**
 * Sizes that depend on the values of a tensor: how many boxes a suppression leaves, how many values are unique. A graph
 * can have them, but what a program computes from them in JavaScript would be what they were in one run.
 */
import { TensorBundleError } from '../../../errors.js';
import type { Values } from '../traced/recorded-input.js';
import type { Recording } from '../traced/recording.js';
import { differenceOf } from './alignment.js';
import { nameOf, placeOf } from './problems.js';
import { pruned } from './pruned.js';

const OTHER_VALUES: readonly Values[] = ['varied', 'repeated'];

/**
 * Runs of the same sizes with other values in the inputs, as far as they have results of other shapes. `run` gives null
 * where the function throws, as an integer may be a wrong index. Throws ERR_NOT_SUPPORTED if anything but such shapes
 * has moved.
 */
export function withOtherValues<R extends Recording>(first: R, run: (values: Values) => R | null): R[] {
  const graph = pruned(first.graph);
  return OTHER_VALUES.flatMap(values => {
    const other = run(values);
    if (other === null) return [];
    const found = pruned(other.graph);
    const difference = differenceOf(graph, found, 'numbers');
    if (difference === null) return differenceOf(graph, found, 'everything') === null ? [] : [other];
    const { node } = difference;
    const what = node === undefined ? 'what it returns' : nameOf(node);
    const place = placeOf(node?.place);
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the function uses a size that depends on the values of its inputs: ${what} is another one for other values ` +
        `(${place}). Compute it with tensors, such as the sum of a mask, or make a size that is always the same`,
      { found: place },
    );
  });
}

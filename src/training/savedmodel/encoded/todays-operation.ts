/**
 * What TensorFlow.js executes, in the words that TensorFlow itself uses today: converters to other formats know these
 * best, and make one operation of a product and the bias that is added to it.
 */
import { dtypeInfo } from '../../../format/dtypes.js';
import type { Operation } from '../graphs/graph.js';
import { STRING } from '../graphs/type-numbers.js';

export function todaysOperation(node: Operation): Operation {
  const [a, b] = node.inputs;
  const types = [a, b].map(value => value?.node.outputs[value.index]);
  if (node.op === 'Add' && types.every(type => type?.dtype !== STRING)) return { ...node, op: 'AddV2' };
  const areMatrices = types.every(type => type?.shape.length === 2);
  if (node.op !== 'BatchMatMulV2' || !areMatrices || isConjugated(node)) return node;
  const { adj_x, adj_y } = Object.fromEntries(node.attributes);
  const no = { kind: 'bool', value: false } as const;
  return {
    ...node,
    op: 'MatMul',
    attributes: new Map(Object.entries({ transpose_a: adj_x ?? no, transpose_b: adj_y ?? no })),
  };
}

/** Of complex numbers, BatchMatMulV2 takes the conjugates, too. */
function isConjugated({ inputs }: Operation): boolean {
  const complex = [dtypeInfo('complex64').number, dtypeInfo('complex128').number];
  return inputs.some(({ node, index }) => complex.includes(node.outputs[index]!.dtype));
}

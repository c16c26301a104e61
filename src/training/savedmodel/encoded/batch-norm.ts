import type { Attribute, Constant, Operation, OutputType, Value } from '../graphs/graph.js';
import { FLOAT } from '../graphs/type-numbers.js';
import { notEncodable } from './completed.js';

const SAME_VALUES: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Cast', 'ExpandDims', 'Squeeze']);

/** Operations in the place of one. */
interface Replacement {
  readonly nodes: readonly (Constant | Operation)[];
  readonly output: Value;
}

export function batchNorm(node: Operation): Replacement {
  const [x, scale, offset, mean, variance] = node.inputs;
  if (!x || !scale || !offset || !mean || !variance || node.attributes.get('is_training')?.value !== false) {
    throw notEncodable(node.op, node.place, 'only its inference can');
  }
  return isGiven(mean) && isGiven(variance) ? third(node) : plain(node, [x, scale, offset, mean, variance]);
}

function third(node: Operation): Replacement {
  const op: Operation = {
    ...node,
    op: 'FusedBatchNormV3',
    attributes: new Map([...node.attributes, ['U', { kind: 'type', value: FLOAT }]]),
  };
  return { nodes: [op], output: { node: op, index: 0 } };
}

function plain(node: Operation, [x, scale, offset, mean, variance]: readonly Value[]): Replacement {
  const nodes: (Constant | Operation)[] = [];
  const run = (op: string, output: OutputType, ...inputs: Value[]): Value => {
    const made: Operation = { ...node, op, attributes: NONE, inputs, outputs: [output] };
    nodes.push(made);
    return { node: made, index: 0 };
  };
  const whole = typeOf(x!);
  const each = typeOf(variance!);
  const epsilon = floatConstant(Number(node.attributes.get('epsilon')?.value ?? 1e-4));
  nodes.push(epsilon);
  const deviation = run('Rsqrt', each, run('AddV2', each, variance!, { node: epsilon, index: 0 }));
  const factor = run('Mul', each, deviation, scale!);
  const centred = run('Sub', whole, x!, mean!);
  return { nodes, output: run('AddV2', whole, run('Mul', whole, centred, factor), offset!) };
}

const NONE: ReadonlyMap<string, Attribute> = new Map();

function floatConstant(value: number): Constant {
  const data = new Uint8Array(new Float32Array([value]).buffer);
  return { kind: 'constant', dtype: FLOAT, shape: [], data, outputs: [{ dtype: FLOAT, shape: [] }] };
}

/** A variable's value, or a constant, perhaps in another shape. */
function isGiven({ node }: Value): boolean {
  if (node.kind !== 'operation') return node.kind === 'variable' || node.kind === 'constant';
  return SAME_VALUES.has(node.op) && node.inputs[0] !== undefined && isGiven(node.inputs[0]);
}

function typeOf({ node, index }: Value): OutputType {
  return node.outputs[index]!;
}

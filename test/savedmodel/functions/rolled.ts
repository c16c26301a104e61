/** Functions recorded at several sizes, and their loops found. */
import * as tf from '@tensorflow/tfjs-node';
import { evaluateGraph } from '../../../src/training/savedmodel/dynamic/evaluate.js';
import { roll } from '../../../src/training/savedmodel/dynamic/loops/roll.js';
import type { Constant, Graph, GraphNode, Loop } from '../../../src/training/savedmodel/graphs/graph.js';
import { type RecordedInput, record, type Traceable } from '../../../src/training/savedmodel/traced/recorder.js';

export interface Rolled {
  /** The kinds of all nodes, those of bodies in parentheses, the same for all sizes. */
  readonly kinds: string;
  /** Of the first size. */
  readonly graph: Graph;
  readonly loops: readonly Loop[];
  /** The greatest difference between what the graphs compute and what the function returns, at all sizes. */
  readonly difference: number;
}

/** `shapes`: for each size, the shapes of the inputs. Throws if the results differ in their nodes. */
export function rolled(
  fn: (...inputs: tf.Tensor[]) => tf.TensorContainer,
  shapes: readonly (readonly (readonly number[])[])[],
): Rolled {
  const inputs = shapes.map(ofSize =>
    ofSize.map((shape, i): RecordedInput => ({ name: `x${i}`, dtype: 'float32', shape })),
  );
  const recorded = inputs.map(one => record(fn as Traceable, one).graph);
  const graphs = roll(recorded);
  const kinds = graphs.map(kindsOf);
  const other = kinds.find(one => one !== kinds[0]);
  if (other !== undefined) throw new Error(`not the same nodes:\n${kinds[0]}\n${other}`);
  const differences = graphs.map((graph, i) =>
    tf.tidy(() => {
      const given = shapes[i]!.map((shape, k) => tf.randomNormal([...shape], 0, 1, 'float32', 7 + k));
      const expected = flat(fn(...given));
      const found = evaluateGraph(graph, given);
      if (found.length !== expected.length) throw new Error(`${found.length} outputs, not ${expected.length}`);
      return Math.max(...found.map((one, k) => differenceOf(one, expected[k]!)));
    }),
  );
  return { kinds: kinds[0]!, graph: graphs[0]!, loops: loopsOf(graphs[0]!), difference: Math.max(...differences) };
}

function flat(returned: tf.TensorContainer): tf.Tensor[] {
  if (returned instanceof tf.Tensor) return [returned];
  return Object.values(returned as Record<string, tf.Tensor>);
}

function differenceOf(a: tf.Tensor, b: tf.Tensor): number {
  if (a.shape.join() !== b.shape.join()) throw new Error(`the shape is [${a.shape}], not [${b.shape}]`);
  return a.sub(b).abs().max().dataSync()[0]!;
}

/** Checks the order of the nodes as well. */
export function kindsOf(graph: Graph): string {
  const seen = new Set<GraphNode>(graph.inputs);
  const kinds = graph.nodes.map(node => {
    if (node.kind === 'operation' || node.kind === 'loop') {
      for (const value of node.inputs) if (!seen.has(value.node)) throw new Error('an input comes after its user');
    }
    seen.add(node);
    if (node.kind === 'loop')
      return `loop(${kindsOf(node.condition)} | ${constantsOf(node.body)} ${kindsOf(node.body)})`;
    return node.kind === 'operation' ? `${node.op}/${node.inputs.length}` : node.kind;
  });
  for (const value of graph.outputs) if (!seen.has(value.node)) throw new Error('an output is not in the graph');
  return `${graph.inputs.length}: ${kinds.join(' ')}`;
}

/** The values, which must not differ between sizes in a body. */
function constantsOf({ nodes }: Graph): string {
  const constants = nodes.filter((node): node is Constant => node.kind === 'constant');
  return constants.map(({ shape, data }) => `[${shape}]${Buffer.from(data as Uint8Array).toString('hex')}`).join();
}

function loopsOf({ nodes }: Graph): Loop[] {
  return nodes.filter((node): node is Loop => node.kind === 'loop');
}

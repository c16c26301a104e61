/** Traces a function with null dimensions, and compares the graph with the function at sizes that were never traced. */
import * as tf from '@tensorflow/tfjs-node';
import { expect } from 'vitest';
import { evaluateGraph } from '../../../src/training/savedmodel/dynamic/evaluate.js';
import type { SignatureInput } from '../../../src/training/savedmodel/dynamic/places.js';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';
import type { Trace, TraceOptions } from '../../../src/training/savedmodel/dynamic/trace-options.js';
import type { Graph } from '../../../src/training/savedmodel/graphs/graph.js';

export type Shape = readonly (number | null)[];
export type Sample = (shape: number[], dtype: string) => tf.Tensor;

export interface Check {
  readonly inputs: readonly (Shape | { readonly shape: Shape; readonly dtype: string })[];
  readonly fn: (...inputs: tf.Tensor[]) => unknown;
  /** For each run, sizes for the null dimensions in order. */
  readonly unseen: readonly (readonly number[])[];
  readonly options?: TraceOptions;
  readonly sample?: Sample;
  readonly tolerance?: number;
}

const standard: Sample = (shape, dtype) =>
  dtype === 'int32' ? tf.randomUniform(shape, 0, 3, 'int32') : tf.randomNormal(shape);

export function expectAtUnseen({ inputs, fn, unseen, options, sample = standard, tolerance = 1e-5 }: Check): Trace {
  const signature = inputs.map((input, i): SignatureInput => {
    const { shape, dtype } = 'shape' in input ? input : { shape: input, dtype: 'float32' };
    return { name: `input_${i}`, dtype, shape };
  });
  const before = tf.memory().numTensors;
  const traced = trace(fn as (...given: tf.Tensor[]) => unknown, signature, options);
  expect(tf.memory().numTensors).toBe(before);
  for (const sizes of unseen) {
    let place = 0;
    const tensors = signature.map(({ shape, dtype }) =>
      sample(
        shape.map(size => size ?? (sizes[place++] as number)),
        dtype,
      ),
    );
    const expected = tf.tidy(() => listOf(fn(...tensors)));
    const found = evaluateGraph(traced.graph, tensors);
    for (const [i, tensor] of expected.entries()) {
      const result = found[i] as tf.Tensor;
      expect(result.shape, `output ${i} at ${sizes}`).toEqual(tensor.shape);
      const type = traced.graph.outputs[i]!;
      expect(fits(result.shape, type.node.outputs[type.index]!.shape)).toBe(true);
      const [a, b] = [result.dataSync(), tensor.dataSync()];
      let worst = 0;
      for (let k = 0; k < a.length; k++) {
        if (Object.is(a[k], b[k])) continue;
        worst = Math.max(worst, Math.abs((a[k] as number) - (b[k] as number)) / Math.max(1, Math.abs(b[k] as number)));
        if (Number.isNaN(worst)) break;
      }
      expect(worst, `output ${i} at ${sizes}`).toBeLessThan(tolerance);
    }
    tf.dispose([tensors, expected, found]);
  }
  return traced;
}

function fits(shape: readonly number[], declared: Shape): boolean {
  return shape.length === declared.length && shape.every((size, axis) => [null, size].includes(declared[axis]!));
}

function listOf(returned: unknown): tf.Tensor[] {
  return returned instanceof tf.Tensor ? [returned] : (Object.values(returned as object) as tf.Tensor[]);
}

export function operationsOf(graph: Graph): string[] {
  return graph.nodes.map(node => (node.kind === 'operation' ? node.op : node.kind));
}

/** The graph as text, one line for each node. */
export function textOf(graph: Graph): string {
  const names = new Map<unknown, string>();
  for (const input of graph.inputs) names.set(input, input.name);
  const refer = (value: { node: unknown; index: number }) =>
    `${names.get(value.node)}${value.index ? `:${value.index}` : ''}`;
  const lines = graph.nodes.map((node, i) => {
    names.set(node, `n${i}`);
    const shapes = node.outputs.map(({ shape }) => `[${shape.join()}]`).join(' ');
    if (node.kind === 'constant') {
      const data = node.data as Uint8Array;
      const values = node.dtype === 3 ? new Int32Array(data.slice().buffer) : new Float32Array(data.slice().buffer);
      return `n${i} = constant ${shapes} ${values.slice(0, 8).join()}`;
    }
    if (node.kind === 'operation') return `n${i} = ${node.op}(${node.inputs.map(refer).join(', ')}) ${shapes}`;
    return `n${i} = ${node.kind} ${shapes}`;
  });
  return [...lines, `return ${graph.outputs.map(refer).join(', ')}`].join('\n');
}

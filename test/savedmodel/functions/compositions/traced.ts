/** A random function against its graph, both in Node, at sizes that tracing never chose. */
import * as tf from '@tensorflow/tfjs-node';
import { evaluateGraph } from '../../../../src/training/savedmodel/dynamic/evaluate.js';
import { trace } from '../../../../src/training/savedmodel/dynamic/trace.js';
import type { Trace } from '../../../../src/training/savedmodel/dynamic/trace-options.js';
import { Choices } from '../../../layers/random-numbers.js';
import {
  type Composition,
  type Environment,
  environmentOf,
  inputsOf,
  listed,
  type Outputs,
  type Runnable,
  runnable,
} from './composition.js';
import type { Sizes } from './size.js';

export interface Verdict {
  /** `lies`: another value, and neither an error nor a warning. */
  readonly kind: 'right' | 'warned' | 'refused' | 'lies' | 'broken';
  readonly text: string;
  readonly ms: number;
}

/** Two that are hardly tried by tracing, then those with ones. */
export function unseenSizes({ seed, least }: Pick<Composition, 'seed' | 'least'>): Sizes[] {
  const choices = new Choices(seed + 77_000);
  const some = (low: number, high: number): number[] => least.map(size => size - 1 + choices.whole(low, high));
  if (least.length === 0) return [[]];
  const ones = some(4, 9);
  ones[choices.whole(0, ones.length - 1)] = Math.max(...least);
  return [some(2, 9), some(12, 17), ones, [...least]];
}

/** What variables have after a call, by name; all others are put back. */
export function called(
  fn: Runnable,
  inputs: readonly tf.Tensor[],
  environment: Environment,
): Record<string, tf.Tensor> {
  const variables = Object.entries(environment).filter(
    (entry): entry is [string, tf.Variable] => entry[1] instanceof tf.Variable,
  );
  const before = variables.map(([, variable]) => variable.clone());
  const results = tf.tidy(() => {
    const outputs = listed(fn(...inputs) as Outputs);
    const after = variables.map(([name, variable]) => [`after ${name}`, variable.clone()] as const);
    return Object.fromEntries([...outputs.map(({ name, tensor }) => [name, tensor.clone()] as const), ...after]);
  });
  for (const [i, [, variable]] of variables.entries()) {
    variable.assign(before[i]!);
    before[i]!.dispose();
  }
  return results;
}

export async function verdictOn(composition: Composition, name = `r${composition.seed}`): Promise<Verdict> {
  const environment = environmentOf(composition, name);
  try {
    return await verdictOnFunction(runnable(composition, environment), composition, environment);
  } finally {
    tf.dispose(environment);
  }
}

export type Subject = Pick<Composition, 'inputs' | 'shapes' | 'seed' | 'least'>;

export async function verdictOnFunction(
  fn: Runnable,
  subject: Subject,
  environment: Environment,
  sizes: readonly Sizes[] = unseenSizes(subject),
): Promise<Verdict> {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', listen);
  const begin = performance.now();
  try {
    let traced: Trace;
    try {
      traced = trace(fn, subject.inputs);
    } catch (error) {
      const { code, message, stack } = error as Error & { code?: string };
      const kind = code === 'ERR_NOT_SUPPORTED' ? 'refused' : 'broken';
      return { kind, text: kind === 'broken' ? `${message} ${stack}` : message, ms: performance.now() - begin };
    }
    const ms = performance.now() - begin;
    await new Promise(setImmediate);
    const lies = sizes
      .map(at => ({ at, text: difference(traced, fn, subject, environment, at) }))
      .filter(({ text }) => text);
    const text = lies.map(one => `at ${one.at}: ${one.text}`).join('; ');
    if (warnings.length > 0) return { kind: 'warned', text: `${warnings.join('; ')} | ${text}`, ms };
    return { kind: lies.length === 0 ? 'right' : 'lies', text, ms };
  } finally {
    process.off('warning', listen);
  }
}

/** Empty if there is none. */
function difference(traced: Trace, fn: Runnable, subject: Subject, environment: Environment, sizes: Sizes): string {
  const inputs = inputsOf(subject, sizes);
  let expected: Record<string, tf.Tensor>;
  try {
    expected = called(fn, inputs, environment);
  } catch (error) {
    return `the function throws there: ${(error as Error).message}`;
  }
  let found: tf.Tensor[] = [];
  try {
    const { graph } = traced;
    const wanted = Object.entries(expected).filter(([name]) => !name.startsWith('after '));
    for (const [name, variable] of Object.entries(environment)) {
      const assigned = graph.assignments.find(one => (one.variable as tf.Tensor) === variable);
      if (assigned !== undefined) wanted.push([name, expected[`after ${name}`]!]);
    }
    const values = graph.assignments.length;
    if (wanted.length !== graph.outputs.length + values) return 'it has another number of outputs';
    const order = Object.values(environment)
      .map(variable => graph.assignments.find(one => (one.variable as tf.Tensor) === variable))
      .filter(one => one !== undefined);
    found = evaluateGraph({ ...graph, outputs: [...graph.outputs, ...order.map(({ value }) => value)] }, inputs);
    for (const [i, [name, tensor]] of wanted.entries()) {
      const { shape } = found[i]!;
      if (shape.join() !== tensor.shape.join()) return `${name} is [${shape}], not [${tensor.shape}]`;
      const far = distance(found[i]!.dataSync() as ArrayLike<number>, tensor.dataSync() as ArrayLike<number>);
      if (!(far <= 1e-5)) return `${name} differs by ${far}`;
    }
    return '';
  } catch (error) {
    return `the graph throws: ${(error as Error).message}`;
  } finally {
    tf.dispose([inputs, expected, found] as never);
  }
}

/** The largest difference; relative to the largest value, if that is over 1. */
export function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let far = 0;
  let scale = 1;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(found[i]), Number(expected[i])];
    if (Object.is(a, b) || a === b) continue;
    far = Math.max(far, Math.abs(a - b));
    if (Number.isNaN(far)) return far;
    if (Number.isFinite(b)) scale = Math.max(scale, Math.abs(b));
  }
  return far / scale;
}

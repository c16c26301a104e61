/** Runs a function on real tensors, and records what TensorFlow executed. */
import type { Variable } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../../../errors.js';
import type { Tensor } from '../../../tfjs-core.js';
import type { Argument, Assignment } from '../graphs/graph.js';
import { Clocks } from './clocks.js';
import type { ConstantCache } from './constant.js';
import { GradientTape } from './gradient-tape.js';
import { LayersAtWork } from './layers-at-work.js';
import { type NativeBackend, nativeBackend } from './native-backend.js';
import { OpenScopes } from './open-scopes.js';
import { OptimizerGuard } from './optimizer-guard.js';
import { outputsOf } from './outputs.js';
import { callTraced } from './program-place.js';
import { Randomness } from './random-numbers.js';
import { type RecordedInput, tensorFor, type Values } from './recorded-input.js';
import type { Recording } from './recording.js';
import { Replacements } from './replacements.js';
import { VariableGuard } from './variable-guard.js';
import { Watch } from './watch.js';

export type { RecordedInput } from './recorded-input.js';

export type Traceable = (...inputs: Tensor[]) => unknown;

export interface RecordOptions {
  /** Give the same one to all recordings of a function, so that tensors from outside are read once. Default: none. */
  readonly constants?: ConstantCache;
  /** Whether nodes have the lines of the program in their places. Default: true. */
  readonly places?: boolean;
  /**
   * Seeds that the program gives to random tensors, and that shall make other numbers in every run, like the `seed`
   * of a layer. A tensor with any other seed is a constant, as it is in TensorFlow.js. Default: only those of the
   * layers that compute.
   */
  readonly seeds?: Iterable<number>;
  /** What the inputs hold. Default: 'plain'. */
  readonly values?: Values;
}

/** Set while a function is recorded. */
let isRecording = false;

/**
 * The variables have the same values afterwards, whatever the function does to them, and no tensor is left but those
 * that the function keeps (tf.keep). Variables that it makes at its first call, and only then, stay.
 *
 * Throws ERR_NOT_SUPPORTED if the function cannot become a graph, and what the function throws.
 */
export function record(fn: Traceable, inputs: readonly RecordedInput[], options: RecordOptions = {}): Recording {
  if (isRecording) {
    throw new TensorBundleError('ERR_NOT_SUPPORTED', 'a function that is traced cannot trace another one');
  }
  isRecording = true;
  try {
    const shared = { ...options, constants: options.constants ?? new WeakMap() };
    const first = recordFirst(fn, inputs, shared);
    if (first.made.length === 0 && !first.hasKept) return first.recording;
    const second = recordOnce(fn, inputs, shared, first.recording.integer);
    if (second.made.length > 0) throw newRefused([...first.made, ...second.made]);
    return second.recording;
  } finally {
    isRecording = false;
  }
}

interface Run {
  readonly recording: Recording;
  /** Variables that the function made. */
  readonly made: readonly Variable[];
  /** Whether it made tensors that it kept. */
  readonly hasKept: boolean;
}

type SharedOptions = RecordOptions & { readonly constants: ConstantCache };

/** An integer is often an index, for which 0 is right, and sometimes a divisor, for which it is not. */
function recordFirst(fn: Traceable, inputs: readonly RecordedInput[], options: SharedOptions): Run {
  try {
    return recordOnce(fn, inputs, options, 0);
  } catch (error) {
    if (error instanceof TensorBundleError || !inputs.some(({ dtype }) => dtype === 'int32')) throw error;
    try {
      return recordOnce(fn, inputs, options, 1);
    } catch {
      throw error;
    }
  }
}

function recordOnce(
  fn: Traceable,
  inputs: readonly RecordedInput[],
  { constants, seeds = [], places = true, values }: SharedOptions,
  integer: number,
): Run {
  const backend = nativeBackend();
  const guard = new VariableGuard(backend);
  const optimizers = new OptimizerGuard();
  const layers = new LayersAtWork();
  const randomness = new Randomness(() => [...layers.seeds(), ...seeds]);
  const clocks = new Clocks();
  const watch = new Watch(backend, constants, randomness, places);
  const replacements = new Replacements();
  const tape = new GradientTape();
  const scopes = new OpenScopes();
  try {
    const tensors = inputs.map(input => tensorFor(input, integer, values));
    const args = inputs.map((input, i): Argument => argumentOf(input, tensors[i]!, backend));
    for (const [i, node] of args.entries()) watch.addArgument(node, tensors[i]!);
    for (const variable of guard.variables) watch.addVariable(variable);
    for (const one of [randomness, clocks, layers, guard, optimizers, watch]) one.start(replacements);
    const { structure, tensors: returned } = outputsOf(callTraced(fn, tensors));
    watch.check();
    randomness.check();
    clocks.check();
    const outputs = returned.map(one => watch.valueOf(one));
    const assignments = guard.assigned().map((variable): Assignment => ({ variable, value: watch.valueOf(variable) }));
    watch.checkCounts([...outputs, ...assignments.map(({ value }) => value)]);
    const graph = { inputs: args, nodes: watch.nodes, outputs, assignments };
    return { recording: { graph, structure, integer }, made: guard.made, hasKept: watch.hasKept() };
  } catch (error) {
    // The function may have gone on after a refusal, and failed for that reason.
    watch.check();
    throw error;
  } finally {
    undoAll([
      () => replacements.restore(),
      () => scopes.restore(),
      () => tape.release(),
      () => scopes.end(),
      () => guard.restore(),
      () => optimizers.restore(),
    ]);
  }
}

/** All of them, also if one throws. */
function undoAll([undo, ...others]: readonly (() => void)[]): void {
  if (!undo) return;
  try {
    undo();
  } finally {
    undoAll(others);
  }
}

function argumentOf({ name }: RecordedInput, { dataId, shape }: Tensor, backend: NativeBackend): Argument {
  const { dtype } = backend.tensorMap.get(dataId)!;
  return { kind: 'argument', name, outputs: [{ dtype, shape: [...shape] }] };
}

/** Disposes of the variables of two calls. */
function newRefused(made: readonly Variable[]): TensorBundleError {
  for (const variable of made) variable.dispose();
  const { name } = made[0]!;
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the function makes the variable '${name}' in every call; make it before, or in the first call only`,
    { tensor: name },
  );
}

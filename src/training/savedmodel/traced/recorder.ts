/** Runs a function once, on real tensors, and records what TensorFlow executed. */
import { TensorBundleError } from '../../../errors.js';
import { engine, Tensor, tensor } from '../../../tfjs-core.js';
import type { Argument, Assignment } from '../graphs/graph.js';
import { type NativeBackend, nativeBackend } from './native-backend.js';
import type { OutputStructure, Recording } from './recording.js';
import { VariableGuard } from './variable-guard.js';
import { Watch } from './watch.js';

/** A tensor that the function gets. */
export interface RecordedInput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export type Traceable = (...inputs: Tensor[]) => unknown;

/**
 * The variables have the same values afterwards, whatever the function does to them, and no tensor is left.
 *
 * Throws ERR_NOT_SUPPORTED if the function cannot become a graph, and what the function throws.
 */
export function record(fn: Traceable, inputs: readonly RecordedInput[]): Recording {
  const backend = nativeBackend();
  const guard = new VariableGuard(backend);
  const watch = new Watch(backend);
  engine().startScope('tensorbundle');
  try {
    const tensors = inputs.map(input => tensorFor(input));
    const args = inputs.map((input, i): Argument => argumentOf(input, tensors[i]!, backend));
    for (const [i, node] of args.entries()) watch.addArgument(node, tensors[i]!);
    for (const variable of guard.variables) watch.addVariable(variable);
    watch.start();
    const { structure, returned } = outputsOf(fn(...tensors));
    refuseNew(guard);
    const outputs = returned.map(one => watch.valueOf(one));
    const assignments = guard.assigned().map((variable): Assignment => ({ variable, value: watch.valueOf(variable) }));
    return { graph: { inputs: args, nodes: watch.nodes, outputs, assignments }, structure };
  } finally {
    watch.stop();
    engine().endScope();
    guard.restore();
  }
}

/** TensorFlow has it already, so that its values are no constants of JavaScript. */
function tensorFor({ dtype, shape }: RecordedInput): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(valuesOf(dtype, count) as Float32Array, [...shape], dtype as 'float32');
}

/** Any values would do: functions that depend on them are refused. An integer is often an index, so it is 0. */
function valuesOf(dtype: string, count: number): Float32Array | Int32Array | Uint8Array | string[] {
  switch (dtype) {
    case 'int32':
      return new Int32Array(count);
    case 'bool':
      return Uint8Array.from({ length: count }, (_, i) => i % 2);
    case 'string':
      return Array.from({ length: count }, () => 'a');
    default:
      // Between 0.1 and 0.9, and all different from their neighbours.
      return Float32Array.from(
        { length: dtype === 'complex64' ? 2 * count : count },
        (_, i) => 0.1 + ((i * 0.618) % 0.8),
      );
  }
}

function argumentOf({ name }: RecordedInput, { dataId, shape }: Tensor, backend: NativeBackend): Argument {
  const { dtype } = backend.tensorMap.get(dataId)!;
  return { kind: 'argument', name, outputs: [{ dtype, shape: [...shape] }] };
}

function outputsOf(returned: unknown): { structure: OutputStructure; returned: Tensor[] } {
  if (returned instanceof Tensor) return { structure: { kind: 'single' }, returned: [returned] };
  if (returned instanceof Promise) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      'the function is asynchronous; what becomes a graph must be done before it returns',
    );
  }
  if (Array.isArray(returned) && returned.every(one => one instanceof Tensor)) {
    return { structure: { kind: 'list', length: returned.length }, returned };
  }
  const named = Object.entries(typeof returned === 'object' && returned !== null ? returned : { '': returned });
  if (!named.every((entry): entry is [string, Tensor] => entry[1] instanceof Tensor)) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      'the function must return a tensor, a list of tensors, or an object of tensors',
    );
  }
  return {
    structure: { kind: 'named', names: named.map(([name]) => name) },
    returned: named.map(([, one]) => one),
  };
}

function refuseNew(guard: VariableGuard): void {
  const [made] = guard.made();
  if (!made) return;
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the function makes the variable '${made.name}'; make it before, so that it can be saved (an optimizer makes its ` +
      'variables at its first step)',
    { tensor: made.name },
  );
}

/**
 * Watches tfjs-node's backend while a function runs: every operation that TensorFlow executes becomes a node, and every
 * tensor that no operation made becomes a constant.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../../../errors.js';
import { engine, type Tensor } from '../../../tfjs-core.js';
import type { Argument, GraphNode, Place, Value } from '../graphs/graph.js';
import { attributesOf } from './attributes.js';
import { constantOf } from './constant.js';
import type { NativeAttribute, NativeBackend, NativeBinding, NativeOutput, TensorLike } from './native-backend.js';
import { stackHere } from './program-place.js';

/** The kernel that reads its indices to check them, and does nothing else with them. */
const READING_KERNEL = 'GatherV2';

type RunKernel = ReturnType<typeof engine>['runKernel'];

export class Watch {
  /** In the order in which they were made, each after its inputs. */
  readonly nodes: GraphNode[] = [];
  readonly #backend: NativeBackend;
  /** By the numbers of the tensors in TensorFlow. */
  readonly #values = new Map<number, Value>();
  /** Tensors that were there before. */
  readonly #known = new Map<object, () => Value>();
  /** The nodes that depend on an argument or a variable. */
  readonly #moving = new Set<GraphNode>();
  readonly #kernels: string[] = [];
  readonly #undo: (() => void)[] = [];
  /** What the next tensor that TensorFlow is given stands for, if not for a constant. */
  #adopting: Value | undefined;

  constructor(backend: NativeBackend) {
    this.#backend = backend;
  }

  addArgument(node: Argument, { dataId }: Tensor): void {
    this.#moving.add(node);
    this.#known.set(dataId, () => ({ node, index: 0 }));
  }

  addVariable(variable: Variable): void {
    let value: Value | undefined;
    this.#known.set(variable.dataId, () => {
      value ??= { node: this.#add(this.#read(variable)), index: 0 };
      this.#moving.add(value.node);
      return value;
    });
  }

  /** Call `stop` whatever happens. */
  start(): void {
    const backend = this.#backend;
    const { binding, getInputTensorIds, readSync } = backend;
    const core = engine();
    const runKernel: RunKernel = core.runKernel;
    const watched: NativeBinding = Object.create(binding, {
      executeOp: {
        value: (op: string, attributes: readonly NativeAttribute[], inputs: readonly number[], n: number) => {
          const outputs = binding.executeOp(op, attributes, inputs, n);
          this.#operation(op, attributes, inputs, outputs);
          return outputs;
        },
      },
      createTensor: {
        value: (...given: Parameters<NativeBinding['createTensor']>) => {
          const id = binding.createTensor(...given);
          if (this.#adopting) this.#values.set(id, this.#adopting);
          else this.#constant(id, ...given);
          return id;
        },
      },
    });
    replace(this.#undo, backend, 'binding', watched);
    replace(this.#undo, backend, 'getInputTensorIds', (tensors: readonly TensorLike[]) => {
      for (const one of tensors)
        if (one.dataId) this.#prepare(one.dataId, () => getInputTensorIds.call(backend, [one]));
      const ids = getInputTensorIds.call(backend, tensors);
      tensors.forEach(({ dataId }, i) => {
        if (dataId && !this.#values.has(ids[i]!)) this.#values.set(ids[i]!, this.#existing(dataId, ids[i]!));
      });
      return ids;
    });
    replace(this.#undo, backend, 'readSync', (dataId: object) => {
      this.#checkRead(dataId);
      return readSync.call(backend, dataId);
    });
    replace(this.#undo, core, 'runKernel', ((name: string, ...rest: unknown[]) => {
      this.#kernels.push(name);
      try {
        return (runKernel as (...given: unknown[]) => unknown).call(core, name, ...rest);
      } finally {
        this.#kernels.pop();
      }
    }) as RunKernel);
  }

  stop(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo.length = 0;
  }

  /** The value that a tensor has. Call it while watching. */
  valueOf({ dataId }: Tensor): Value {
    const known = this.#known.get(dataId);
    if (known) return known();
    const kept = this.#backend.tensorMap.get(dataId)!;
    if (kept.values !== null) return { node: this.#add(constantOf(kept.shape, kept.dtype, kept.values)), index: 0 };
    return this.#values.get(kept.id) ?? this.#existing(dataId, kept.id);
  }

  /** What is known by its data may get its number in TensorFlow only now: `give` gives it one. */
  #prepare(dataId: object, give: () => void): void {
    const known = this.#known.get(dataId);
    if (!known || this.#backend.tensorMap.get(dataId)!.values === null) return;
    this.#adopting = known();
    give();
    this.#adopting = undefined;
  }

  #existing(dataId: object, id: number): Value {
    const known = this.#known.get(dataId);
    if (known) return known();
    const { shape, dtype } = this.#backend.tensorMap.get(dataId)!;
    return {
      node: this.#add(constantOf(shape, dtype, this.#backend.binding.tensorDataSync(id), this.#place())),
      index: 0,
    };
  }

  #constant(
    id: number,
    shape: readonly number[],
    dtype: number,
    values: ArrayBufferView | readonly Uint8Array[],
  ): void {
    this.#values.set(id, { node: this.#add(constantOf(shape, dtype, values, this.#place())), index: 0 });
  }

  #operation(
    op: string,
    attributes: readonly NativeAttribute[],
    ids: readonly number[],
    made: readonly NativeOutput[],
  ): void {
    const inputs = ids.map(id => this.#values.get(id)!);
    const outputs = made.map(({ dtype, shape }) => ({ dtype, shape: [...shape] }));
    const node = this.#add({
      kind: 'operation',
      op,
      attributes: attributesOf(attributes, this.#backend.binding),
      inputs,
      outputs,
      place: this.#place(),
    });
    if (inputs.some(value => this.#moving.has(value.node))) this.#moving.add(node);
    for (const [index, { id }] of made.entries()) this.#values.set(id, { node, index });
  }

  #read(variable: Variable): GraphNode {
    const { dtype } = this.#backend.tensorMap.get(variable.dataId)!;
    return { kind: 'variable', variable, outputs: [{ dtype, shape: [...variable.shape] }] };
  }

  #add(node: GraphNode): GraphNode {
    this.nodes.push(node);
    return node;
  }

  #place(): Place {
    return { kernel: this.#kernels.at(-1) ?? '', stack: stackHere() };
  }

  /** Throws if the program reads values that differ from call to call. */
  #checkRead(dataId: object): void {
    if (this.#kernels.at(-1) === READING_KERNEL) return;
    const kept = this.#backend.tensorMap.get(dataId);
    const isMoving =
      this.#known.has(dataId) || (kept && this.#moving.has(this.#values.get(kept.id)?.node as GraphNode));
    if (!isMoving) return;
    const stack = stackHere();
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the function reads the values of a tensor (${stack[0] ?? 'in TensorFlow.js'}), so what it does next depends on ` +
        'them, and a graph cannot follow; compute with tensors instead, such as tf.where',
      { found: stack[0] },
    );
  }
}

function replace<T extends object, K extends keyof T>(undo: (() => void)[], target: T, key: K, value: T[K]): void {
  const own = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  undo.push(() => {
    if (own) Object.defineProperty(target, key, own);
    else delete (target as Partial<T>)[key];
  });
}

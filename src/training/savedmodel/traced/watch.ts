/**
 * Watches tfjs-node's backend while a function runs: every operation that TensorFlow executes becomes a node, and every
 * tensor that no operation made becomes a constant.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import { isStepCount } from '../../../optimizers/step-counts.js';
import { engine, type Tensor } from '../../../tfjs-core.js';
import type { Argument, GraphNode, Value } from '../graphs/graph.js';
import { attributesOf } from './attributes.js';
import { type ConstantCache, constantOf, dataOf } from './constant.js';
import type { NativeAttribute, NativeBackend, NativeBinding, NativeOutput, TensorLike } from './native-backend.js';
import { ProgramPlace } from './program-place.js';
import type { Randomness } from './random-numbers.js';
import { randomNodes } from './random-tensor.js';
import { countRefused, readRefused, savedModelRefused, staleRefused, stateRefused } from './refusals.js';
import type { Replacements } from './replacements.js';
import { isNarrower, narrowed, typeOf, withTrueTypes } from './true-types.js';
import { checkWindow } from './windows.js';

/** The kernel that reads its indices to check them, and does nothing else with them. */
const READING_KERNEL = 'GatherV2';

type RunKernel = ReturnType<typeof engine>['runKernel'];

/** Tensors that a recorded call made and kept (tf.keep), and that depend on what it got. */
const stale = new WeakSet<object>();

export class Watch {
  /** In the order in which they were made, each after its inputs. */
  readonly nodes: GraphNode[] = [];
  readonly #backend: NativeBackend;
  readonly #constants: ConstantCache;
  readonly #randomness: Randomness;
  readonly #hasPlaces: boolean;
  /** By the numbers of the tensors in TensorFlow. */
  readonly #values = new Map<number, Value>();
  /** Tensors that are known by their data: those that were there before, and random ones. */
  readonly #known = new Map<object, () => Value>();
  /** Tensors from outside that became constants. */
  readonly #outside = new Set<object>();
  /** Tensors that the function made of JavaScript values. */
  readonly #written = new WeakSet<object>();
  /** Tensors that the function keeps (tf.keep). */
  readonly #kept = new Set<Tensor>();
  /** Constants that an optimizer counts up from step to step. */
  readonly #counts = new Set<GraphNode>();
  /** The nodes that depend on an argument, a variable or a random number. */
  readonly #moving = new Set<GraphNode>();
  readonly #kernels: { readonly name: string; place?: ProgramPlace }[] = [];
  /** What the next tensor that TensorFlow is given stands for, if not for a constant. */
  #adopting: Value | undefined;
  #failure: unknown;

  constructor(backend: NativeBackend, constants: ConstantCache, randomness: Randomness, hasPlaces: boolean) {
    this.#backend = backend;
    this.#constants = constants;
    this.#randomness = randomness;
    this.#hasPlaces = hasPlaces;
  }

  addArgument(node: Argument, { dataId }: Tensor): void {
    this.#moving.add(node);
    this.#known.set(dataId, () => ({ node, index: 0 }));
  }

  addVariable(variable: Variable): void {
    this.#addKnown(variable.dataId, () => [this.#read(variable)]);
  }

  /** Until `replacements` are put back. */
  start(replacements: Replacements): void {
    const backend = this.#backend;
    const { binding, getInputTensorIds, readSync, read, write } = backend;
    replacements.replace(backend, 'binding', this.#watched(binding));
    // One by one, so that the constants of an operation are in the order of its inputs.
    replacements.replace(backend, 'getInputTensorIds', tensors =>
      tensors.map(one => {
        const give = (): number => getInputTensorIds.call(backend, [one])[0]!;
        if (one.dataId) this.#prepare(one.dataId, give);
        const id = this.#input(one, give());
        if (one.dataId && isStepCount(one.dataId)) this.#counts.add(this.#values.get(id)!.node);
        return id;
      }),
    );
    replacements.replace(backend, 'readSync', dataId => {
      this.#checkRead(dataId);
      return readSync.call(backend, dataId);
    });
    replacements.replace(backend, 'read', dataId => {
      // A rejection that the function does not handle would end the process; the refusal comes when it has returned.
      if (this.#isRefused(dataId)) return new Promise(() => {});
      return read.call(backend, dataId);
    });
    replacements.replace(backend, 'write', (values, shape, dtype) => {
      const dataId = write.call(backend, values, shape, dtype);
      this.#written.add(dataId);
      const random = this.#randomness.tensorOf(values, shape, this.#backend.tensorMap.get(dataId)!.dtype);
      if (random) this.#addKnown(dataId, () => randomNodes(random));
      return dataId;
    });
    this.#watchEngine(replacements);
  }

  /** What made the function impossible as a graph, also if it went on. */
  check(): void {
    if (this.#failure) throw this.#failure;
    for (const dataId of this.#outside) if (!this.#backend.tensorMap.has(dataId)) throw stateRefused();
  }

  /** Throws if what the function gives depends on a number that changes from step to step. */
  checkCounts(results: readonly Value[]): void {
    const seen = new Set<GraphNode>();
    const open = this.#counts.size === 0 ? [] : results.map(({ node }) => node);
    for (let node = open.pop(); node; node = open.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (this.#counts.has(node)) throw countRefused(node.place as ProgramPlace);
      if (node.kind === 'operation') open.push(...node.inputs.map(input => input.node));
    }
  }

  /**
   * Call it after the function. Whether it made and kept tensors that another call would have without making them, such
   * as a table that it makes at its first call.
   */
  hasKept(): boolean {
    const left = [...this.#kept].filter(({ isDisposed, dataId }) => !isDisposed && !this.#outside.has(dataId));
    for (const { dataId } of left) if (this.#isMoving(dataId)) stale.add(dataId);
    return left.some(({ dataId }) => !this.#isMoving(dataId));
  }

  /** The value that a tensor has, of the type that TensorFlow.js says. Call it while watching. */
  valueOf(tensor: Tensor): Value {
    const value = this.#valueOf(tensor.dataId);
    const type = typeOf(tensor.dtype);
    return isNarrower(type, value) ? { node: this.#add(narrowed(value)), index: 0 } : value;
  }

  #valueOf(dataId: object): Value {
    const known = this.#known.get(dataId);
    if (known) return known();
    const { shape, dtype, values, id } = this.#backend.tensorMap.get(dataId)!;
    if (values !== null) return { node: this.#add(constantOf(shape, dtype, dataOf(values))), index: 0 };
    return this.#values.get(id) ?? this.#existing(dataId, id);
  }

  #watched(binding: NativeBinding): NativeBinding {
    return Object.create(binding, {
      executeOp: {
        value: (op: string, attributes: readonly NativeAttribute[], inputs: readonly number[], n: number) => {
          checkWindow(op, attributes, () => inputs.map(id => this.#shapeOf(id)));
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
      runSavedModel: { value: () => this.#fail(savedModelRefused(this.#placeNow())) },
    }) as NativeBinding;
  }

  #watchEngine(replacements: Replacements): void {
    const core = engine();
    const { runKernel, keep } = core;
    replacements.replace(core, 'runKernel', ((name: string, inputs: object, attributes?: { seed?: unknown }) => {
      const isRandom = name === 'Multinomial' && this.#randomness.explains(attributes?.seed);
      this.#kernels.push({ name });
      try {
        // The attributes of a node whose seed is 0 make other numbers in every run.
        return runKernel.call(
          core,
          name,
          inputs as never,
          (isRandom ? { ...attributes, seed: 0 } : attributes) as never,
        );
      } finally {
        this.#kernels.pop();
      }
    }) as RunKernel);
    replacements.replace(core, 'keep', (<T extends Tensor>(tensor: T): T => {
      this.#kept.add(tensor);
      return keep.call(core, tensor) as T;
    }) as typeof keep);
  }

  #addKnown(dataId: object, make: () => readonly GraphNode[]): void {
    let value: Value | undefined;
    this.#known.set(dataId, () => {
      if (value) return value;
      const nodes = make();
      for (const node of nodes) this.#moving.add(this.#add(node));
      value = { node: nodes.at(-1)!, index: 0 };
      return value;
    });
  }

  /** What is known by its data may get its number in TensorFlow only now: `give` gives it one. */
  #prepare(dataId: object, give: () => number): void {
    const known = this.#known.get(dataId);
    if (this.#backend.tensorMap.get(dataId)!.values === null) return;
    if (!known) {
      if (!this.#written.has(dataId)) this.#upload(dataId, give);
      return;
    }
    this.#adopting = known();
    give();
    this.#adopting = undefined;
  }

  /** TensorFlow gets a tensor from outside. Its values are kept for the other recordings, as they are here. */
  #upload(dataId: object, give: () => number): void {
    this.#outside.add(dataId);
    const node = this.#values.get(give())?.node;
    if (node?.kind === 'constant') this.#constants.set(dataId, node.data);
  }

  #input({ dataId }: TensorLike, id: number): number {
    if (dataId && !this.#values.has(id)) this.#values.set(id, this.#existing(dataId, id));
    return id;
  }

  #existing(dataId: object, id: number): Value {
    const known = this.#known.get(dataId);
    if (known) return known();
    if (stale.has(dataId)) this.#fail(staleRefused(this.#placeNow()));
    this.#outside.add(dataId);
    let data = this.#constants.get(dataId);
    if (!data) {
      data = dataOf(this.#backend.binding.tensorDataSync(id), true);
      this.#constants.set(dataId, data);
    }
    const { shape, dtype } = this.#backend.tensorMap.get(dataId)!;
    return { node: this.#add(constantOf(shape, dtype, data, this.#place())), index: 0 };
  }

  #constant(id: number, shape: readonly number[], dtype: number, values: unknown): void {
    this.#values.set(id, { node: this.#add(constantOf(shape, dtype, dataOf(values), this.#place())), index: 0 });
  }

  #operation(
    op: string,
    attributes: readonly NativeAttribute[],
    ids: readonly number[],
    made: readonly NativeOutput[],
  ): void {
    const given = ids.map(id => this.#values.get(id)!);
    const { casts, ...typed } = withTrueTypes(
      { op, attributes: attributesOf(attributes, this.#backend.binding), inputs: given },
      made,
    );
    for (const cast of casts) this.#add(cast);
    const node = this.#add({ kind: 'operation', op, ...typed, place: this.#place() });
    if (op === 'Multinomial' || given.some(value => this.#moving.has(value.node))) {
      for (const one of [...casts, node]) this.#moving.add(one);
    }
    for (const [index, { id }] of made.entries()) this.#values.set(id, { node, index });
  }

  #shapeOf(id: number): readonly number[] {
    const { node, index } = this.#values.get(id)!;
    return node.outputs[index]!.shape as readonly number[];
  }

  #read(variable: Variable): GraphNode {
    const { dtype } = this.#backend.tensorMap.get(variable.dataId)!;
    return { kind: 'variable', variable, outputs: [{ dtype, shape: [...variable.shape] }] };
  }

  #add(node: GraphNode): GraphNode {
    this.nodes.push(node);
    return node;
  }

  /** The same one for all that a kernel does. */
  #place(): ProgramPlace {
    const kernel = this.#kernels.at(-1);
    if (!kernel) return new ProgramPlace('', this.#hasPlaces);
    kernel.place ??= new ProgramPlace(kernel.name, this.#hasPlaces);
    return kernel.place;
  }

  /** For a refusal. */
  #placeNow(): ProgramPlace {
    return new ProgramPlace(this.#kernels.at(-1)?.name ?? '');
  }

  #isMoving(dataId: object): boolean {
    if (this.#known.has(dataId)) return true;
    const kept = this.#backend.tensorMap.get(dataId);
    const value = kept && this.#values.get(kept.id);
    return value !== undefined && this.#moving.has(value.node);
  }

  /** Throws if the program reads values that differ from call to call. */
  #checkRead(dataId: object): void {
    if (this.#kernels.at(-1)?.name !== READING_KERNEL && this.#isRefused(dataId)) throw this.#failure;
  }

  #isRefused(dataId: object): boolean {
    if (!this.#isMoving(dataId)) return false;
    this.#failure ??= readRefused(this.#placeNow());
    return true;
  }

  #fail(error: Error): never {
    this.#failure ??= error;
    throw this.#failure;
  }
}

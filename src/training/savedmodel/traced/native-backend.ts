/**
 * The parts of tfjs-node's backend that every operation passes through (tfjs-node/src/nodejs_kernel_backend.ts and
 * tfjs_binding.d.ts).
 */
import { TensorBundleError } from '../../../errors.js';
import { engine, type Tensor } from '../../../tfjs-core.js';

/** An attribute of an operation, as kernels give it. `type` is one of the numbers TF_ATTR_… of the binding. */
export interface NativeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor of TensorFlow. The binding never gives a number twice. */
export interface NativeOutput {
  readonly id: number;
  readonly dtype: number;
  readonly shape: readonly number[];
}

export interface NativeBinding {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  executeOp(op: string, attributes: readonly NativeAttribute[], inputs: readonly number[], n: number): NativeOutput[];
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView | readonly Uint8Array[]): number;
  /** A copy. */
  tensorDataSync(id: number): unknown;
  runSavedModel(...given: readonly unknown[]): unknown;
}

/** What the backend keeps of a tensor. `values` are those that TensorFlow does not have yet. */
interface KeptTensor {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly id: number;
  readonly values: ArrayBufferView | readonly Uint8Array[] | null;
}

/** A tensor, or something like one, such as a scalar of 64 bits. */
export interface TensorLike {
  readonly dataId?: object;
}

export interface NativeBackend {
  binding: NativeBinding;
  readonly tensorMap: { get(dataId: object): KeptTensor | undefined; has(dataId: object): boolean };
  getInputTensorIds(tensors: readonly TensorLike[]): number[];
  readSync(dataId: object): unknown;
  read(dataId: object): Promise<unknown>;
  write(values: unknown, shape: readonly number[], dtype: string): object;
  incRef(dataId: object): void;
  refCount(dataId: object): number;
  createOutputTensor(output: NativeOutput): Tensor;
  disposeData(dataId: object, force?: boolean): boolean;
}

/** Throws ERR_NOT_SUPPORTED if operations do not run in TensorFlow. */
export function nativeBackend(): NativeBackend {
  const { backendName, backend } = engine();
  const found = backend as unknown as Partial<NativeBackend>;
  if (backendName === 'tensorflow' && typeof found.binding?.executeOp === 'function') return found as NativeBackend;
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `functions are traced while TensorFlow runs them, but the backend is '${backendName}': import ` +
      "@tensorflow/tfjs-node, and call tf.setBackend('tensorflow')",
    { expected: 'tensorflow', found: backendName },
  );
}

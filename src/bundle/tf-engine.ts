/**
 * What is known of the engine of TensorFlow.js, which all its copies in a process share. The core never loads
 * TensorFlow.js: a tensor is recognized by its members, and the engine is found where tfjs-core keeps it
 * (tfjs-core/src/engine.ts).
 */

/** A tf.Tensor or tf.Variable. */
export interface TfTensorLike {
  readonly dtype: string;
  readonly shape: readonly number[];
  dataSync(): ArrayBufferView | readonly string[];
}

export interface EngineTensor extends TfTensorLike {
  readonly dataId: object;
  kept: boolean;
  dispose(): void;
}

/** What a backend keeps of a tensor: its values, if they are an array; for a complex tensor, two other tensors. */
export interface Kept {
  readonly values?: unknown;
  readonly complexTensorInfos?: { readonly real: Parted; readonly imag: Parted } | null;
}

export type Parted = Pick<EngineTensor, 'dataId'>;
type TensorInfo = Pick<EngineTensor, 'dataId' | 'shape' | 'dtype'>;

export interface Backend {
  /** One more tensor has the data. The disposal of a tensor takes one away. */
  incRef(dataId: object): void;
  /** Only in tfjs-node's backend: what it reads from TensorFlow is a copy for the caller alone. */
  readonly binding?: { readonly tensorDataSync?: unknown };
  /** Where the tfjs-node, cpu and webgl backends keep their tensors. */
  readonly tensorMap?: WeakMap<object, Kept>;
  readonly data?: WeakMap<object, Kept>;
  readonly texData?: WeakMap<object, Kept>;
  /** Only in tfjs-node's backend: makes TensorFlow's own tensors of those whose values are an array. */
  getInputTensorIds?(tensors: readonly TfTensorLike[]): unknown;
}

export interface Engine {
  /** The backend in use; null before the first operation. */
  readonly backendInstance: Backend | null;
  readonly state: { readonly tensorInfo: WeakMap<object, { backend?: Backend }> };
  /** A tensor of data that is there already. It does not count the data's tensors: see `incRef`. */
  makeTensorFromTensorInfo(info: TensorInfo, backend: Backend): EngineTensor;
  makeTensor(values: ArrayBufferView, shape: readonly number[], dtype: string): EngineTensor;
  runKernel(name: string, inputs: { x: TfTensorLike }, attributes?: object): EngineTensor;
}

export function backendIn(engine: Engine, tensor: TfTensorLike): Backend | undefined {
  const { dataId } = tensor as Partial<EngineTensor>;
  return dataId === undefined ? undefined : engine.state.tensorInfo.get(dataId)?.backend;
}

/** The engine is in the global object, where tfjs-core finds it (tfjs-core/src/global_util.ts). */
export function sharedEngine(): Engine | undefined {
  const here = globalThis as { window?: { _tfengine?: Engine }; _tfengine?: Engine };
  return here.window?._tfengine ?? here._tfengine;
}

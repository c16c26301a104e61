/**
 * Has TensorFlow take the values of a tensor at once. Otherwise tfjs-node's backend holds the array that the tensor was
 * made of until the first operation. TensorFlow copies an array that is not aligned, into memory of its own.
 */
import {
  type Backend,
  backendIn,
  type Engine,
  type EngineTensor,
  sharedEngine,
  type TfTensorLike,
} from './tf-engine.js';

/** Whether each backend was found to copy. */
const copying = new WeakMap<Backend, boolean>();

/** Whether the backend in use copies values, so that afterwards others may write into their array. */
export function copiesValues(): boolean {
  const engine = sharedEngine();
  const backend = engine?.backendInstance;
  if (!backend?.getInputTensorIds) return false;
  const known = copying.get(backend);
  if (known !== undefined) return known;
  const found = tryOut(engine!);
  copying.set(backend, found);
  return found;
}

/**
 * Whether TensorFlow has now its own copy of the values, which were an array that is not aligned to more than the size
 * of its elements. If not, the tensor goes on using the array.
 */
export function upload(tensor: TfTensorLike): boolean {
  const engine = sharedEngine();
  const backend = engine && backendIn(engine, tensor);
  const { dataId } = tensor as EngineTensor;
  if (!backend?.getInputTensorIds || backend.tensorMap?.get(dataId)?.values == null) return false;
  try {
    // As before each operation. A real operation would take ten times as long for small tensors.
    backend.getInputTensorIds([tensor]);
  } catch {
    return false;
  }
  return backend.tensorMap.get(dataId)?.values == null;
}

/** Tried, because it depends on how TensorFlow was built. */
function tryOut(engine: Engine): boolean {
  const array = new Float32Array(new ArrayBuffer(12), 4, 2).fill(1);
  const tensor = engine.makeTensor(array, [2], 'float32');
  try {
    if (!upload(tensor)) return false;
    array.fill(2);
    return (tensor.dataSync() as Float32Array).every(value => value === 1);
  } finally {
    tensor.dispose();
  }
}

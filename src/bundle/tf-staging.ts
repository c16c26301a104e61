/**
 * Gives the bytes of TensorFlow.js tensors to everything that saves or copies them, without leaking a tensor, blocking
 * the event loop or changing how a tensor is stored.
 *
 * The trap: `tf.tensor(array)` copies nothing. Until an operation uses the tensor, tfjs-node's backend holds the
 * caller's array. If the array is aligned to 64 bytes, an operation would make TensorFlow use that array for good, and
 * a later write to the array would change the tensor. The cpu backend always holds the array. So no operation is ever
 * done on a tensor whose values are a JavaScript array; the array is copied instead. (A load may: see tf-upload.ts.)
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TensorBundleError } from '../errors.js';
import type { NumericArray } from '../format/dtypes.js';
import { sizeOf } from '../format/shape.js';
import { copyOf } from '../realms.js';
import { encodeText } from './elements.js';
import {
  type Backend,
  backendIn,
  type Engine,
  type EngineTensor,
  type Kept,
  type Parted,
  sharedEngine,
  type TfTensorLike,
} from './tf-engine.js';

/** `dataSync` copies and blocks; for this many bytes it takes about a millisecond. Smaller tensors are copied whole. */
const PIECE_BYTES = 2 * 1024 * 1024;

/** The data that a save gets. It belongs to the save alone, in memory that nobody else has. */
type Staged = NumericArray | AsyncIterable<Uint8Array>;

/**
 * The value that a tensor had at one moment. Later changes of the tensor, or of JavaScript arrays, do not affect it.
 */
export interface HeldTensor {
  /**
   * 'kept': an array that was copied at the call; its pieces are views of it. 'given': read anew each time, for the
   * caller alone.
   */
  readonly own: 'kept' | 'given';
  data(): Staged;
  /** The bytes from `begin` to `end`. */
  pieces(begin: number, end: number): AsyncIterable<Uint8Array>;
  /** Releases the value. */
  release(): void;
}

/** How many bytes a save may copy at the call, for tensors whose values are a JavaScript array. */
export class CopyBudget {
  #left: number;

  private constructor(bytes: number) {
    this.#left = bytes;
  }

  /** For a save that the caller waits for: it needs little memory. */
  static forForeground(): CopyBudget {
    return new CopyBudget(32 * 1024 * 1024);
  }

  /** For a save in the background: the call takes little time. Copying this much into new memory takes about 2 ms. */
  static forBackground(): CopyBudget {
    return new CopyBudget(4 * 1024 * 1024);
  }

  /** Takes `bytes` from the budget. False, and takes nothing, if it has fewer left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/**
 * Captures the value as it is now; synchronous. A JavaScript array is copied, since it is not known who else has it.
 * The copy takes time now, and its size in memory until it is written, so a `budget` may be given. An array that the
 * budget does not cover is copied piece by piece when it is read, so what the caller writes into it before that is
 * saved. Of all other tensors only the data is kept, which survives `Variable.assign`, every optimizer and the disposal
 * of the tensor.
 */
export function captureTensor(tensor: TfTensorLike, name = '', budget?: CopyBudget): HeldTensor {
  checkAlive(tensor, name);
  const engine = sharedEngine();
  const backend = engine && backendIn(engine, tensor);
  const isCopied = backend && isArrayIn(backend, tensor) && (budget?.take(bytesIn(tensor)) ?? true);
  if (isCopied || !engine || !backend) return heldArray(ownNumbersOf(tensor, name));
  return new KeptTensor(tensor as EngineTensor, name, engine, backend);
}

/**
 * The data of a tensor, which survives the tensor. At the call only a number in the backend is raised: a save of a
 * thousand variables has no time for more. Another tensor with the same data is made when it is read. A class, since
 * three functions for each variable would take longer, too.
 */
class KeptTensor implements HeldTensor {
  readonly own = 'given';
  private readonly dataId: object;
  private readonly shape: readonly number[];
  private readonly dtype: string;
  private made: EngineTensor | null = null;

  constructor(
    { dataId, shape, dtype }: EngineTensor,
    private readonly name: string,
    private readonly engine: Engine,
    private readonly backend: Backend,
  ) {
    backend.incRef(dataId);
    this.dataId = dataId;
    this.shape = shape;
    this.dtype = dtype;
  }

  data(): Staged {
    return stageTensor(this.tensor(), this.name);
  }

  pieces(begin: number, end: number): AsyncIterable<Uint8Array> {
    return piecesOf(this.tensor(), this.name, begin, end);
  }

  release(): void {
    this.tensor().dispose();
  }

  /**
   * It is made as `tf.variable` shares data: it counts as one more tensor, and its disposal lowers the number in the
   * backend. No `tidy` disposes it. `clone` would do the same by way of a kernel, which takes about ten times as long,
   * moves the data to the backend in use, copies it on some backends, and is recorded where gradients are computed.
   */
  private tensor(): EngineTensor {
    if (this.made === null) {
      const { dataId, shape, dtype } = this;
      this.made = this.engine.makeTensorFromTensorInfo({ dataId, shape, dtype }, this.backend);
      this.made.kept = true;
    }
    return this.made;
  }
}

function heldArray(array: NumericArray): HeldTensor {
  let values: NumericArray | undefined = array;
  const held = (): NumericArray => {
    if (values) return values;
    throw new TensorBundleError('ERR_STATE', 'a captured value was asked for after its release');
  };
  return {
    own: 'kept',
    data: held,
    pieces: (begin, end) => atOnce(bytesOf(held()).subarray(begin, end)),
    release: () => {
      values = undefined;
    },
  };
}

/**
 * All bytes as they are when they are read, in pieces if they are many. Throws ERR_STATE for a tensor that was
 * disposed, ERR_DTYPE for one that does not give numbers.
 */
export function stageTensor(tensor: TfTensorLike, name: string): Staged {
  checkAlive(tensor, name);
  return bytesIn(tensor) > PIECE_BYTES ? piecesOf(tensor, name) : ownNumbersOf(tensor, name);
}

/**
 * The elements of a string tensor. `bytes` is used because it keeps elements that are not UTF-8, while `dataSync`
 * decodes them.
 */
export async function readStrings(tensor: TfTensorLike, name: string): Promise<readonly Uint8Array[]> {
  checkAlive(tensor, name);
  const { bytes } = tensor as { bytes?(): Promise<unknown> };
  const data = typeof bytes === 'function' ? await bytes.call(tensor) : tensor.dataSync();
  if (!Array.isArray(data)) throw unexpected(tensor, name, data);
  return data.map((element, i) =>
    typeof element === 'string' ? encodeText(name, element, i) : (element as Uint8Array),
  );
}

/** Whether `dataSync` gives the array that the tensor lives in, so that a caller can change the tensor through it. */
export function isHandedOut(tensor: TfTensorLike): boolean {
  if (isHostHeld(tensor)) return true;
  if (isTheCallers(tensor)) return false;
  // An unknown backend that keeps an array gives the same one twice.
  const values = tensor.dataSync();
  return tensor.dataSync() === values;
}

/** Whether the tensor's values are a JavaScript array, which others may have. No operation may be done on it then. */
function isHostHeld(tensor: TfTensorLike): boolean {
  const backend = backendOf(tensor);
  return backend !== undefined && isArrayIn(backend, tensor);
}

function isArrayIn({ tensorMap, data, texData }: Backend, tensor: TfTensorLike): boolean {
  return isArray(tensorMap ?? data ?? texData, tensor as EngineTensor);
}

function isArray(kept: WeakMap<object, Kept> | undefined, { dataId }: Parted): boolean {
  const found = kept?.get(dataId);
  if (found === undefined) return false;
  const { values, complexTensorInfos: parts } = found;
  return values != null || (parts != null && (isArray(kept, parts.real) || isArray(kept, parts.imag)));
}

/** Whether `dataSync` makes a new array for each caller. */
function isTheCallers(tensor: TfTensorLike): boolean {
  return backendOf(tensor)?.binding?.tensorDataSync !== undefined && !isHostHeld(tensor);
}

/** The bytes from `begin` to `end`, or to the end of the tensor. */
function piecesOf(tensor: TfTensorLike, name: string, begin = 0, end?: number): AsyncGenerator<Uint8Array> {
  const engine = engineOf(tensor);
  const bytes = bytesIn(tensor);
  const isCut = engine !== undefined && bytes > PIECE_BYTES && tensor.dtype !== 'complex64' && !isHostHeld(tensor);
  if (isCut) return slices(engine, tensor, begin, end ?? bytes);
  const isWhole = begin === 0 && (end ?? bytes) === bytes;
  if (isWhole && isTheCallers(tensor)) return atOnce(bytesOf(numbersOf(tensor, name)));
  return copies(bytesOf(numbersOf(tensor, name)), begin, end);
}

async function* atOnce(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* slices(engine: Engine, tensor: TfTensorLike, begin: number, end: number): AsyncGenerator<Uint8Array> {
  const width = widthOf(tensor);
  const flat = engine.runKernel('Reshape', { x: tensor }, { shape: [sizeOf(tensor.shape)] });
  flat.kept = true;
  try {
    for (let at = begin; at < end; ) {
      if (at > begin) await nextTurn();
      // Whole elements are copied, although a range may begin or end inside one.
      const first = Math.floor(at / width);
      const next = Math.min(end, (first + PIECE_BYTES / width) * width);
      const piece = sliceBytes(engine, flat, first, Math.ceil(next / width) - first);
      yield piece.subarray(at - first * width, next - first * width);
      at = next;
    }
  } finally {
    flat.dispose();
  }
}

/**
 * Without `tidy`, which would walk every element of the result of `dataSync`, looking for tensors (100 ms for 2 MiB).
 */
function sliceBytes(engine: Engine, flat: EngineTensor, begin: number, size: number): Uint8Array {
  const part = engine.runKernel('Slice', { x: flat }, { begin: [begin], size: [size] });
  try {
    return bytesOf(ownNumbersOf(part, ''));
  } finally {
    part.dispose();
  }
}

async function* copies(bytes: Uint8Array, begin: number, end = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = begin; at < end; at += PIECE_BYTES) {
    if (at > begin) await nextTurn();
    yield bytes.slice(at, Math.min(end, at + PIECE_BYTES));
  }
}

/**
 * The engine, if operations may be done on the tensor. Undefined if the tensor lives on a backend that is not in use,
 * since an operation would move it.
 */
function engineOf(tensor: TfTensorLike): Engine | undefined {
  const engine = sharedEngine();
  const backend = backendOf(tensor);
  return backend && engine?.backendInstance === backend ? engine : undefined;
}

function backendOf(tensor: TfTensorLike): Backend | undefined {
  const engine = sharedEngine();
  return engine && backendIn(engine, tensor);
}

function checkAlive(tensor: TfTensorLike, name: string): void {
  if (!(tensor as { isDisposed?: boolean }).isDisposed) return;
  throw new TensorBundleError(
    'ERR_STATE',
    `tensor '${name}' was disposed before it was saved; keep it until the save has settled`,
    { tensor: name },
  );
}

function numbersOf(tensor: TfTensorLike, name: string): NumericArray {
  checkAlive(tensor, name);
  const data = tensor.dataSync();
  if (ArrayBuffer.isView(data)) return data as NumericArray;
  throw unexpected(tensor, name, data);
}

/** The numbers in memory that nobody else has. */
function ownNumbersOf(tensor: TfTensorLike, name: string): NumericArray {
  const values = numbersOf(tensor, name);
  return isTheCallers(tensor) ? values : copyOf(values);
}

function unexpected({ dtype }: TfTensorLike, name: string, data: unknown): TensorBundleError {
  return new TensorBundleError('ERR_DTYPE', `tensor '${name}' has the dtype ${dtype}, but data of another type`, {
    tensor: name,
    expected: dtype,
    found: typeof data,
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function bytesIn(tensor: TfTensorLike): number {
  return sizeOf(tensor.shape) * widthOf(tensor);
}

/** Bytes of an element. TensorFlow.js has four types of numbers. */
function widthOf({ dtype }: TfTensorLike): number {
  return dtype === 'bool' ? 1 : dtype === 'complex64' ? 8 : 4;
}

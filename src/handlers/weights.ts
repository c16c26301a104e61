/**
 * The weights of TensorFlow.js's model artifacts, one by one. The artifacts have a list of specs, and the bytes of all
 * weights one after the other (tfjs-core/src/io/io_utils.ts, encodeWeights and decodeWeights).
 */

import type { io } from '@tensorflow/tfjs-core';
import type { Content } from '../bundle/item.js';
import { checkLength } from '../bundle/lazy-sources.js';
import { CopyBudget, captureTensor, type HeldTensor } from '../bundle/tf-staging.js';
import { invalidArgument, TensorBundleError } from '../errors.js';
import type { DType } from '../format/dtypes.js';
import { sizeOf } from '../format/shape.js';
import type { NamedTensorMap, Tensor } from '../tfjs-core.js';

/** As `optimizer.getWeights()` gives them. */
export interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/** Weights whose bytes need not be in one buffer, or all in memory at once. */
export interface Weights {
  readonly specs: readonly io.WeightsManifestEntry[];
  /** Bytes of each weight. Each string is preceded by its length, in 4 bytes. */
  readonly sizes: readonly number[];
  bytes(index: number): Promise<Uint8Array>;
  /** A part of the bytes of one weight, for a save. */
  content(index: number, begin: number, end: number): Content;
}

export function dtypeOf({ dtype, quantization }: io.WeightsManifestEntry): DType {
  return (quantization?.dtype ?? dtype) as DType;
}

/**
 * The weights of artifacts that another program made. Throws ERR_INVALID_ARGUMENT if the data is shorter than the specs
 * say.
 */
export function weightsOfArtifacts({ weightSpecs = [], weightData = [] }: io.ModelArtifacts): Weights {
  const data = new JoinedBuffers(Array.isArray(weightData) ? weightData : [weightData]);
  const begins: number[] = [];
  let end = 0;
  for (const spec of weightSpecs) {
    begins.push(end);
    end += spec.dtype === 'string' ? stringBytes(data, end, spec) : elementsOf(spec) * widthOf(spec);
  }
  if (end > data.length)
    throw invalidArgument(`the weights of the model have ${data.length} bytes, but their specs need ${end}`, {
      expected: end,
      found: data.length,
    });
  const sizes = begins.map((begin, i) => (begins[i + 1] ?? end) - begin);
  const range = (i: number, begin: number, end: number): Uint8Array =>
    data.range(begins[i]! + begin, end - begin, weightSpecs[i]!.name);
  return {
    specs: weightSpecs,
    sizes,
    bytes: async i => range(i, 0, sizes[i]!),
    content: (i, begin, end) => ({ kind: 'pull', pull: () => range(i, begin, end) }),
  };
}

/** A live tensor, and the part of the model that it belongs to. */
type LiveWeight = NamedTensor & { group?: 'optimizer' };

/** Specs and sizes, without looking at the values. Throws ERR_DTYPE. */
export function describeWeights(tensors: readonly LiveWeight[]): Pick<Weights, 'specs' | 'sizes'> {
  const specs = tensors.map(({ name, tensor, group }) => ({
    name,
    shape: [...tensor.shape],
    dtype: tensor.dtype as io.WeightsManifestEntry['dtype'],
    ...(group && { group }),
  }));
  return { specs, sizes: specs.map(spec => elementsOf(spec) * widthOf(spec)) };
}

/**
 * The weights of live tensors as they are now, even if tensors or JavaScript arrays are changed afterwards. Each is
 * read when it is asked for, and kept until `release` is called. Throws ERR_STATE for a tensor that was disposed.
 */
export function weightsOfTensors(tensors: readonly LiveWeight[]): Weights & { release(): void } {
  const described = describeWeights(tensors);
  const held: HeldTensor[] = [];
  const budget = CopyBudget.forForeground();
  const release = (): void => {
    for (const one of held.splice(0)) one.release();
  };
  try {
    for (const { name, tensor } of tensors) held.push(captureTensor(tensor, name, budget));
  } catch (error) {
    release();
    throw error;
  }
  return {
    ...described,
    bytes: async i => joined(held[i]!.pieces(0, described.sizes[i]!), described.sizes[i]!),
    content: (i, begin, end) => {
      const one = held[i]!;
      return { kind: 'pull', pull: () => one.pieces(begin, end), own: one.own };
    },
    release,
  };
}

async function joined(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

export function namedTensors(map: NamedTensor[] | NamedTensorMap): NamedTensor[] {
  return Array.isArray(map) ? map : Object.entries(map).map(([name, tensor]) => ({ name, tensor }));
}

/** The strings of a string weight. */
export function splitStrings(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + view.getUint32(at, true);
    texts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return texts;
}

export function joinStrings(texts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const text of texts) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return bytes;
}

/** What TensorFlow.js returns from a save. */
export function artifactsInfo(
  topology: object | undefined,
  { specs, sizes }: Pick<Weights, 'specs' | 'sizes'>,
): io.SaveResult {
  const length = (value: unknown): number => (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));
  return {
    modelArtifactsInfo: {
      dateSaved: new Date(),
      modelTopologyType: 'JSON',
      modelTopologyBytes: length(topology),
      weightSpecsBytes: length(specs),
      weightDataBytes: sizes.reduce((sum, size) => sum + size, 0),
    },
  };
}

function widthOf(spec: io.WeightsManifestEntry): number {
  const width = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 }[
    dtypeOf(spec) as 'float32'
  ];
  if (width) return width;
  throw new TensorBundleError(
    'ERR_DTYPE',
    `the weight ${spec.name} has the dtype ${dtypeOf(spec)}, which models of TensorFlow.js cannot have`,
    {
      tensor: spec.name,
      found: dtypeOf(spec),
    },
  );
}

function elementsOf({ shape }: io.WeightsManifestEntry): number {
  return sizeOf(shape);
}

function stringBytes(data: JoinedBuffers, begin: number, spec: io.WeightsManifestEntry): number {
  let end = begin;
  for (let i = elementsOf(spec); i > 0 && end < data.length; i--) {
    const head = data.range(end, 4, spec.name);
    end += 4 + new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
  }
  return end - begin;
}

/** Several buffers, read as if they were one. */
class JoinedBuffers {
  readonly #buffers: readonly { buffer: ArrayBuffer; bytes: number }[];
  readonly length: number;

  constructor(buffers: readonly ArrayBuffer[]) {
    this.#buffers = buffers.map(buffer => ({ buffer, bytes: buffer.byteLength }));
    this.length = this.#buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * A view, or a copy if the range spans several buffers. Throws ERR_SHAPE if a buffer has another length than when it
   * was given.
   */
  range(begin: number, length: number, tensor: string): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const { buffer, bytes } of this.#buffers) {
      const from = Math.max(begin, at);
      const to = Math.min(begin + length, at + bytes);
      if (from < to) {
        checkLength(tensor, bytes, buffer.byteLength);
        parts.push(new Uint8Array(buffer, from - at, to - from));
      }
      at += bytes;
    }
    return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
  }
}

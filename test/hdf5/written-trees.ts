/** Trees for tests of the HDF5 writer, as plain JSON, so that h5py can make the same ones (writing.py). */
import { expect } from 'vitest';
import type { NumericArray } from '../../src/format/dtypes.js';
import type { Hdf5Attribute, Hdf5Dataset, Hdf5File, Hdf5Group } from '../../src/hdf5/hdf5-file.js';
import type { AttributeToWrite, DatasetToWrite, GroupToWrite } from '../../src/hdf5/writing/content.js';
import type { PlannedHdf5 } from '../../src/hdf5/writing/plan-hdf5.js';
import type { NumberToWrite } from '../../src/hdf5/writing/type-messages.js';
import { BYTES_OF } from './number-bytes.js';

export type AttributeSpec =
  | Exclude<AttributeToWrite, { readonly values: unknown }>
  | { readonly dtype: NumberToWrite; readonly shape: readonly number[]; readonly values: readonly unknown[] };

export type NodeSpec =
  | {
      readonly children: Readonly<Record<string, NodeSpec>>;
      readonly attributes?: Readonly<Record<string, AttributeSpec>>;
    }
  | {
      readonly dtype: NumberToWrite;
      readonly shape: readonly number[];
      readonly seed: number;
      readonly attributes?: Readonly<Record<string, AttributeSpec>>;
    }
  /** A path of an object that came before. */
  | { readonly link: string };

/** The bytes of a dataset: what writing.py makes of the same seed. */
export function bytesOf(dtype: NumberToWrite, length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed) & (dtype === 'bool' ? 1 : 255);
  return bytes;
}

export function groupOf(spec: NodeSpec): GroupToWrite {
  const made = new Map<string, GroupToWrite | DatasetToWrite>();
  const make = (node: NodeSpec, path: string): GroupToWrite | DatasetToWrite => {
    if ('link' in node) return made.get(node.link)!;
    const attributes = new Map(Object.entries(node.attributes ?? {}).map(([name, one]) => [name, attributeOf(one)]));
    let object: GroupToWrite | DatasetToWrite;
    if ('children' in node) {
      const children = Object.entries(node.children).map(([name, child]) => {
        return [name, make(child, path === '' ? name : `${path}/${name}`)] as const;
      });
      object = { attributes, children: new Map(children) };
    } else {
      const { dtype, shape, seed } = node;
      const length = BYTES_OF[dtype] * shape.reduce((product, size) => product * size, 1);
      object = { dtype, shape, attributes, data: () => dataOf(bytesOf(dtype, length, seed), seed) };
    }
    made.set(path, object);
    return object;
  };
  return make(spec, '') as GroupToWrite;
}

/** JSON has no BigInt, so a large number is a string. */
function attributeOf(spec: AttributeSpec): AttributeToWrite {
  if (!('values' in spec)) return spec;
  const values = spec.values.map(value => (typeof value === 'string' ? BigInt(value) : value));
  return { ...spec, values } as AttributeToWrite;
}

/** At once, later, or in pieces. */
function dataOf(bytes: Uint8Array, seed: number): ReturnType<DatasetToWrite['data']> {
  if (seed % 3 === 0) return bytes;
  if (seed % 3 === 1) return Promise.resolve(bytes);
  return (async function* () {
    const step = 1 + (seed % 97) ** 2;
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  })();
}

export async function wholeFile(plan: PlannedHdf5): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of plan.pieces()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Compares what this package's own reader finds with what was to be written. Gives the number of objects. */
export async function compareOwn(file: Hdf5File, spec: NodeSpec): Promise<number> {
  let objects = 0;
  const compare = async (found: Hdf5Group | Hdf5Dataset, given: GroupToWrite | DatasetToWrite): Promise<void> => {
    objects++;
    const attributes = await found.attributes();
    for (const [name, one] of given.attributes ?? []) {
      expect(plain(attributes.get(name)), `${found.path}@${name}`).toEqual(plainGiven(one));
    }
    if (found.kind === 'dataset') {
      const { dtype, shape } = given as DatasetToWrite;
      expect([found.dtype, found.shape], found.path).toEqual([dtype, shape]);
      const { data } = await file.read(found);
      const { buffer, byteOffset, byteLength } = data as NumericArray;
      const data2 = await dataGiven(given as DatasetToWrite);
      expect(Buffer.compare(new Uint8Array(buffer, byteOffset, byteLength), data2), found.path).toBe(0);
      return;
    }
    const { children } = given as GroupToWrite;
    expect([...(await found.names())], found.path).toEqual([...children.keys()].sort(bytewise));
    for (const [name, child] of children) await compare((await found.child(name))!, child);
  };
  await compare(file.root, groupOf(spec));
  return objects;
}

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function plain(attribute: Hdf5Attribute | undefined): unknown {
  const value = attribute?.value;
  const list = ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  return { shape: attribute?.shape, value: list };
}

function plainGiven(one: AttributeToWrite): unknown {
  if ('values' in one) {
    const { dtype, shape, values } = one;
    const rounded = values.map(value => {
      if (dtype.endsWith('64') && dtype !== 'float64') return BigInt(value);
      if (dtype === 'bool' && shape.length > 0) return Number(value);
      return dtype === 'float32' ? Math.fround(Number(value)) : value;
    });
    return { shape, value: shape.length === 0 ? rounded[0] : rounded };
  }
  if ('text' in one || 'bytes' in one) return { shape: [], value: 'text' in one ? one.text : one.bytes };
  const texts = 'texts' in one ? one.texts : one.fixed;
  return { shape: [texts.length], value: texts };
}

async function dataGiven({ dtype, shape, data }: DatasetToWrite): Promise<Uint8Array> {
  if (shape.includes(0)) return new Uint8Array(0);
  const given = await data();
  if (given instanceof Uint8Array) return given;
  const pieces: Uint8Array[] = [];
  for await (const piece of given) pieces.push(piece);
  expect(Buffer.concat(pieces)).toHaveLength(BYTES_OF[dtype] * shape.reduce((product, size) => product * size, 1));
  return Buffer.concat(pieces);
}

/** Trees for tests of the HDF5 writer, as plain JSON, so that h5py can make the same ones (writing.py). */
import type { AttributeToWrite, DatasetToWrite, GroupToWrite, NumberToWrite } from '../../src/hdf5/writing/content.js';
import type { PlannedHdf5 } from '../../src/hdf5/writing/plan-hdf5.js';
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

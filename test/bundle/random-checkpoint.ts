/** Random checkpoints for fast-check: every dtype, shapes, names, slices, spread over parts in random order. */
import fc from 'fast-check';
import { DTYPES, type DType, dtypeInfo, type NumericArray, type TensorData } from '../../src/format/dtypes.js';
import { isWellFormed } from '../../src/format/utf8-order.js';

/** A tensor, or one slice of a partitioned one (`begin` in a tensor of `fullShape`). */
export interface RandomPiece {
  name: string;
  dtype: DType;
  shape: number[];
  data: TensorData;
  part: number;
  slice?: { fullShape: number[]; begin: number[] };
}

export interface RandomTensor {
  name: string;
  dtype: DType;
  shape: number[];
  data: TensorData;
  sliced: boolean;
}

export interface RandomCheckpoint {
  /** Whole values, by which reading is judged. */
  tensors: RandomTensor[];
  /** In the order of saving. */
  pieces: RandomPiece[];
  /** Every part from 0 on holds a piece. */
  parts: number;
}

/** One seed for all runs, so that a failure comes again; TENSORBUNDLE_SEED gives another (fast-check prints it). */
export const SEED = Number(process.env.TENSORBUNDLE_SEED ?? 20_260_701);

const FIXED: readonly DType[] = DTYPES.filter(dtype => dtype !== 'variant');

/** xorshift32: the bits of the tensors, so that fast-check need not shrink them. */
function* bits(seed: number): Generator<number> {
  let state = seed | 1;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

/** Bits of a byte that values of the type use, where these are fewer than 8. */
const MASKS: ReadonlyMap<DType, number> = new Map([
  ['bool', 1],
  ['int2', 3],
  ['uint2', 3],
  ['int4', 15],
  ['uint4', 15],
  ['float4_e2m1fn', 15],
]);

export function randomData(dtype: DType, count: number, seed: number): TensorData {
  const source = bits(seed);
  const next = (): number => source.next().value as number;
  if (dtype === 'string') {
    const length = (): number => {
      const kind = next() % 8;
      return kind === 0 ? 0 : kind === 1 ? 127 + (next() % 3) : kind === 2 ? 300 : next() % 12;
    };
    return Array.from({ length: count }, () => Uint8Array.from({ length: length() }, () => next() & 255));
  }
  const info = dtypeInfo(dtype);
  const mask = MASKS.get(dtype) ?? 255;
  const bytes = Uint8Array.from({ length: count * info.bytes }, () => next() & mask);
  return new info.array(bytes.buffer);
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The box of a row-major array: an independent, slow copy of what reading a range must give. */
export function boxOf(
  dtype: DType,
  data: TensorData,
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): TensorData {
  const indexes: number[] = [];
  const count = countOf(size);
  for (let flat = 0; flat < count; flat++) {
    let rest = flat;
    let index = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index += (begin[axis]! + (rest % size[axis]!)) * stride;
      rest = Math.floor(rest / size[axis]!);
      stride *= shape[axis]!;
    }
    indexes.push(index);
  }
  if (dtype === 'string') return indexes.map(i => (data as readonly Uint8Array[])[i]!);
  const info = dtypeInfo(dtype);
  const from = bytesOf(data);
  const out = new Uint8Array(count * info.bytes);
  indexes.forEach((index, at) => {
    out.set(from.subarray(index * info.bytes, (index + 1) * info.bytes), at * info.bytes);
  });
  return new info.array(out.buffer);
}

/** Raw bytes of a value that is no string. */
export function bytesOf(data: TensorData): Uint8Array {
  const array = data as NumericArray;
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Something that `toEqual` compares bit by bit: NaNs of different payload differ, -0 is not 0. */
export function comparable(dtype: DType, data: TensorData): string {
  if (dtype !== 'string') return Buffer.from(bytesOf(data)).toString('hex');
  return (data as readonly Uint8Array[]).map(element => `${Buffer.from(element).toString('hex')};`).join('');
}

const letter = fc.constantFrom(
  'a',
  'b',
  '/',
  '_',
  '.',
  '\0',
  '\x01',
  '\x7f',
  'é',
  '漢',
  '\uffee',
  '😀',
  '𐀀',
  ' ',
  '"',
  '\n',
);
const name = fc
  .oneof(
    { weight: 6, arbitrary: fc.string({ unit: letter, minLength: 1, maxLength: 12 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) },
    {
      weight: 1,
      arbitrary: fc.tuple(letter, fc.integer({ min: 100, max: 3000 })).map(([unit, n]) => unit.repeat(n)),
    },
  )
  .filter(isTensorName);

/** No lone surrogates, and not the form of a slice's key, which begins with NUL. */
function isTensorName(text: string): boolean {
  return text !== '' && !text.startsWith('\0') && isWellFormed(text);
}

const shape = fc.oneof(
  { weight: 2, arbitrary: fc.constant<number[]>([]) },
  { weight: 6, arbitrary: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 5, maxLength: 9 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 9000 }).map(n => [n]) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 127, max: 130 }), { minLength: 2, maxLength: 2 }) },
);

/** For each axis the points where it is cut; an axis without cuts is whole in every slice. */
const grid = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })
  .chain(fullShape =>
    fc.tuple(
      fc.constant(fullShape),
      fc.tuple(...fullShape.map(n => fc.subarray(range(1, n), { maxLength: Math.min(2, n - 1) }))),
    ),
  );

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

function cells(fullShape: readonly number[], cuts: readonly number[][]): { begin: number[]; size: number[] }[] {
  let boxes = [{ begin: [] as number[], size: [] as number[] }];
  for (const [axis, full] of fullShape.entries()) {
    const points = [0, ...cuts[axis]!, full];
    boxes = boxes.flatMap(box =>
      points.slice(1).map((end, i) => ({
        begin: [...box.begin, points[i]!],
        size: [...box.size, end - points[i]!],
      })),
    );
  }
  return boxes;
}

/** Checkpoints of 1 to `maxParts` parts; some tensors are partitioned into a grid of slices. */
export function randomCheckpoint(maxParts: number): fc.Arbitrary<RandomCheckpoint> {
  const plain = fc.record({ shape, cuts: fc.constant<number[][] | null>(null) });
  const sliced = grid.map(([fullShape, cuts]) => ({ shape: fullShape, cuts: cuts as number[][] | null }));
  const geometry = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: sliced });
  const tensor = fc.record({ name, dtype: fc.constantFrom(...FIXED), geometry, seed: fc.integer() });
  const tensors = fc.uniqueArray(tensor, { minLength: 1, maxLength: 10, selector: item => item.name });
  return fc.tuple(tensors, fc.integer({ min: 1, max: maxParts }), fc.integer()).map(([items, maxPart, seed]) => {
    const source = bits(seed);
    const next = (): number => source.next().value as number;
    const whole: RandomTensor[] = [];
    const pieces: RandomPiece[] = [];
    for (const { name, dtype, geometry, seed } of items) {
      const data = randomData(dtype, countOf(geometry.shape), seed);
      const boxes = geometry.cuts === null ? [] : cells(geometry.shape, geometry.cuts);
      whole.push({ name, dtype, shape: geometry.shape, data, sliced: boxes.length > 1 });
      if (boxes.length <= 1) pieces.push({ name, dtype, shape: geometry.shape, data, part: next() % maxPart });
      for (const { begin, size } of boxes.length <= 1 ? [] : boxes) {
        const slice = { fullShape: geometry.shape, begin };
        const value = boxOf(dtype, data, geometry.shape, begin, size);
        pieces.push({ name, dtype, shape: size, data: value, part: next() % maxPart, slice });
      }
    }
    for (let i = pieces.length - 1; i > 0; i--) {
      const j = next() % (i + 1);
      [pieces[i], pieces[j]] = [pieces[j]!, pieces[i]!];
    }
    const used = [...new Set(pieces.map(piece => piece.part))].sort((a, b) => a - b);
    for (const piece of pieces) piece.part = used.indexOf(piece.part);
    const summary = pieces.map(({ data: _data, ...rest }) => rest);
    return { tensors: whole, pieces, parts: used.length, [fc.toStringMethod]: () => JSON.stringify(summary) };
  });
}

/** TensorFlow's text for a slice; `numbers` writes whole dimensions as '0,n' instead of '-'. */
export function sliceSpec(piece: RandomPiece, numbers: boolean): string | undefined {
  if (piece.slice === undefined) return undefined;
  const { fullShape, begin } = piece.slice;
  const extents = piece.shape.map((size, axis) =>
    !numbers && begin[axis] === 0 && size === fullShape[axis] ? '-' : `${begin[axis]},${size}`,
  );
  return [...fullShape, extents.join(':')].join(' ');
}

/** The null dimensions of a signature, and which of them must be equal. */
import type { RecordedInput } from '../traced/recorder.js';

export interface SignatureInput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[];
}

/** A null dimension. */
export interface NullPlace {
  readonly input: number;
  readonly axis: number;
}

/** For each null dimension the number of its group: those of one group always have the same size. */
export type Groups = readonly number[];

export function nullPlaces(signature: readonly SignatureInput[]): NullPlace[] {
  return signature.flatMap(({ shape }, input) =>
    shape.flatMap((size, axis) => (size === null ? [{ input, axis }] : [])),
  );
}

export function countOf(groups: Groups): number {
  return Math.max(-1, ...groups) + 1;
}

/**
 * Ways to group them, the freest first. A function of several inputs may need equal sizes: of the batch, of one
 * dimension of each of two inputs, or of the same axis counted from the start or from the end. `forced`: the last
 * resort, where dimensions of one input are equal.
 */
export function groupings(
  places: readonly NullPlace[],
  ranks: readonly number[],
  sameBatch: boolean,
): { free: Groups[]; forced: Groups[] } {
  const own = ({ axis, input }: NullPlace) => `${axis} of ${input}`;
  const free = [
    (place: NullPlace) => (sameBatch && place.axis === 0 ? 'batch' : own(place)),
    (place: NullPlace) => (place.axis === 0 ? 'batch' : own(place)),
    ...pairs(places).flatMap(pair => [
      (place: NullPlace) => (pair.includes(place) ? 'pair' : sameBatch && place.axis === 0 ? 'batch' : own(place)),
      (place: NullPlace) => (pair.includes(place) ? 'pair' : place.axis === 0 ? 'batch' : own(place)),
    ]),
    ({ axis }: NullPlace) => `${axis}`,
    ({ axis, input }: NullPlace) => (axis === 0 ? 'batch' : `${axis - (ranks[input] as number)}`),
  ].map(key => grouped(places, key));
  const forced = [({ axis }: NullPlace) => (axis === 0 ? 'batch' : 'other'), () => 'all'].map(key =>
    grouped(places, key),
  );
  const seen = new Set<string>();
  const fresh = (groups: Groups) => !seen.has(groups.join()) && seen.add(groups.join());
  return { free: free.filter(fresh), forced: forced.filter(fresh) };
}

/** Of two inputs: the rows of one may be the columns of the other, as in a product of matrices. */
function pairs(places: readonly NullPlace[]): (readonly NullPlace[])[] {
  return places.flatMap((left, i) =>
    places.slice(i + 1).flatMap(right => (left.input === right.input ? [] : [[left, right]])),
  );
}

function grouped(places: readonly NullPlace[], key: (place: NullPlace) => string): Groups {
  const numbers = new Map<string, number>();
  return places.map(place => {
    const name = key(place);
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name) as number;
  });
}

/** The inputs with these sizes of the groups. */
export function inputsAt(
  signature: readonly SignatureInput[],
  groups: Groups,
  sizes: readonly number[],
): RecordedInput[] {
  let place = 0;
  return signature.map(({ name, dtype, shape }) => ({
    name,
    dtype,
    shape: shape.map(size => size ?? (sizes[groups[place++] as number] as number)),
  }));
}

/** Such as "dimension 1 of 'x'". */
export function describePlaces(signature: readonly SignatureInput[], places: readonly NullPlace[]): string {
  return places.map(({ input, axis }) => `dimension ${axis} of '${signature[input]?.name}'`).join(' and ');
}

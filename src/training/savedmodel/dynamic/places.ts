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
 * Ways to group them, the freest first. A function of several inputs may need equal sizes: first of the batch, then of
 * the same axis counted from the start or from the end, then of all.
 */
export function groupings(places: readonly NullPlace[], ranks: readonly number[], sameBatch: boolean): Groups[] {
  const keys: readonly ((place: NullPlace, i: number) => string)[] = [
    ({ axis }, i) => (sameBatch && axis === 0 ? 'batch' : `own ${i}`),
    ({ axis }, i) => (axis === 0 ? 'batch' : `own ${i}`),
    ({ axis }) => `axis ${axis}`,
    ({ axis, input }) => (axis === 0 ? 'batch' : `axis ${axis - (ranks[input] as number)}`),
    ({ axis }) => (axis === 0 ? 'batch' : 'other'),
    () => 'all',
  ];
  const found = new Map<string, Groups>();
  for (const key of keys) {
    const numbers = new Map<string, number>();
    const groups = places.map((place, i) => {
      const name = key(place, i);
      if (!numbers.has(name)) numbers.set(name, numbers.size);
      return numbers.get(name) as number;
    });
    if (!found.has(groups.join())) found.set(groups.join(), groups);
  }
  return [...found.values()];
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

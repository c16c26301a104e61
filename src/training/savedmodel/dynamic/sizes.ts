/**
 * Which sizes null dimensions get when a function is tried. Those of one run are all different, so that equal numbers
 * mean the same dimension, and from run to run each changes by itself.
 */

/** Tried in this order: functions may need images of some size, or sizes that can be halved several times. */
const LADDERS: readonly (readonly number[])[] = [
  [2, 3, 5, 4, 7, 9, 6, 11, 13, 8, 10],
  [9, 8, 11, 13, 10, 15, 12, 17, 14, 19, 16],
  [16, 12, 20, 28, 24, 36, 32, 44, 40, 52, 48],
  [35, 37, 36, 41, 38, 43, 40, 47, 39, 45, 42],
  [32, 64, 96, 160, 128, 224, 192, 288, 256],
  [100, 103, 101, 107, 102, 109, 104, 113, 105],
  [60, 120, 180, 300, 240, 360],
  [230, 233, 231, 239, 232, 235, 236],
  [224, 448, 672, 336, 560],
];

/** What the sizes are chosen from, for each group of dimensions. */
export interface Pools {
  readonly pools: readonly (readonly number[])[];
}

/** `first`: the groups that hold the first axis of an input, mostly a batch, which may stay small. */
export function* laddersFor(first: readonly boolean[]): Iterable<Pools> {
  const [small] = LADDERS as [readonly number[]];
  for (const ladder of LADDERS) {
    yield { pools: first.map(isFirst => (isFirst ? small : ladder)) };
    if (ladder !== small && first.includes(true)) yield { pools: first.map(() => ladder) };
  }
}

/** Sizes of one run after the other, no two runs alike. Ends when nothing new is found. */
export function* sizesFrom({ pools }: Pools): Iterable<readonly number[]> {
  const seen = new Set<string>();
  let state = 1;
  const random = (count: number): number => {
    state = (state * 48_271) % 0x7fffffff;
    return state % count;
  };
  for (let run = 0, misses = 0; misses < 50; ) {
    const sizes = pickDifferent(pools, run, random);
    const key = sizes.join();
    if (seen.has(key) || new Set(sizes).size < sizes.length) {
      misses++;
      continue;
    }
    seen.add(key);
    run++;
    misses = 0;
    yield sizes;
  }
}

/** Small sizes in the first runs; in the very first one, and for a single dimension, those of the pool in order. */
function pickDifferent(
  pools: readonly (readonly number[])[],
  run: number,
  random: (count: number) => number,
): readonly number[] {
  const taken = new Set<number>();
  return pools.map(pool => {
    const free = pool.filter(size => !taken.has(size));
    const among = free.slice(0, pools.length + 2 + run);
    const alone = pools.length === 1 ? run : 0;
    const size = run === 0 || pools.length === 1 ? among[alone] : among[random(among.length)];
    taken.add(size ?? 0);
    return size ?? (pool.at(-1) as number) + run;
  });
}

/** Whether every dimension has moved by itself: as points, the sizes span the whole space. */
export function spans(runs: readonly (readonly number[])[]): boolean {
  const rows = runs.map(sizes => [1, ...sizes]);
  const width = rows[0]?.length ?? 0;
  for (let column = 0; column < width; column++) {
    const pivot = rows.findIndex((row, i) => i >= column && Math.abs(row[column] as number) > 1e-9);
    if (pivot < 0) return false;
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    const base = rows[column] as number[];
    for (const row of rows.slice(column + 1)) {
      const factor = (row[column] as number) / (base[column] as number);
      for (let i = column; i < width; i++) row[i] = (row[i] as number) - factor * (base[i] as number);
    }
  }
  return true;
}

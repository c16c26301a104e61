/**
 * Philox 4x32-10, the counter-based generator of TensorFlow (tensorflow/core/lib/random/philox_random.h; Salmon et al.,
 * 2011).
 */

const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53n, 0xcd9e8d57n] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const LOW = 0xffffffffn;

/** Four numbers of 32 bits for each value of the counter, one value after the other. */
export function* philox(counter: bigint, key: bigint): Generator<readonly [number, number, number, number]> {
  for (let at = BigInt.asUintN(128, counter); ; at = BigInt.asUintN(128, at + 1n)) yield block(at, key);
}

function block(counter: bigint, key: bigint): [number, number, number, number] {
  let [a, b, c, d] = [0n, 32n, 64n, 96n].map(shift => Number((counter >> shift) & LOW)) as [
    number,
    number,
    number,
    number,
  ];
  let k0 = Number(BigInt.asUintN(32, key));
  let k1 = Number(BigInt.asUintN(32, key >> 32n));
  for (let round = 0; round < ROUNDS; round++) {
    const first = MULTIPLIERS[0] * BigInt(a);
    const second = MULTIPLIERS[1] * BigInt(c);
    [a, b, c, d] = [
      (Number(second >> 32n) ^ b ^ k0) >>> 0,
      Number(second & LOW),
      (Number(first >> 32n) ^ d ^ k1) >>> 0,
      Number(first & LOW),
    ];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [a, b, c, d];
}

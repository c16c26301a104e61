/**
 * The long part of FarmHash's Fingerprint64, for bytes by the hundred million: with numbers of 32 bits, because BigInt
 * is thirty times slower. A name with `l` or `h` at its end is the low or the high half of a number of 64 bits.
 */

/** Bytes that go into the state together. */
export const BLOCK = 64;
/** Words of 32 bits in a block. */
const WORDS = 16;

/** Halves of x, y, z, and of the pairs v and w. */
type BlockState = Int32Array & { readonly length: 14 };

const K1L = 0xbe98_f273 | 0;
const K1H = 0xb492_b66f | 0;
const K1A = K1L & 0xffff;
const K1B = K1L >>> 16;

/** The halves of the last product. Not a result, since this is called four times for each block. */
let low = 0;
let high = 0;

function timesK1(l: number, h: number): void {
  const a = l & 0xffff;
  const b = l >>> 16;
  const [aa, ab, ba] = [Math.imul(a, K1A), Math.imul(a, K1B), Math.imul(b, K1A)];
  const middle = (aa >>> 16) + (ab & 0xffff) + (ba & 0xffff);
  low = (aa & 0xffff) | (middle << 16);
  high = (Math.imul(b, K1B) + (ab >>> 16) + (ba >>> 16) + (middle >>> 16) + Math.imul(l, K1H) + Math.imul(h, K1L)) | 0;
}

/** 1 if a sum of two halves, one of which is `part`, has more than 32 bits. */
function carry(sum: number, part: number): number {
  return sum >>> 0 < part >>> 0 ? 1 : 0;
}

/** Takes in whole blocks. */
export function takeBlocks(words: Int32Array, state: BlockState): void {
  let [xl, xh, yl, yh, zl, zh, v0l, v0h, v1l, v1h, w0l, w0h, w1l, w1h] = state as unknown as number[] as Halves;
  for (let i = 0; i < words.length; i += WORDS) {
    let l = (xl + yl) | 0;
    let h = (xh + yh + carry(l, yl)) | 0;
    l = (l + v0l) | 0;
    h = (h + v0h + carry(l, v0l)) | 0;
    l = (l + words[i + 2]!) | 0;
    h = (h + words[i + 3]! + carry(l, words[i + 2]!)) | 0;
    // Turned by 37 bits.
    timesK1((h >>> 5) | (l << 27), (l >>> 5) | (h << 27));
    xl = low ^ w1l;
    xh = high ^ w1h;

    l = (yl + v1l) | 0;
    h = (yh + v1h + carry(l, v1l)) | 0;
    l = (l + words[i + 12]!) | 0;
    h = (h + words[i + 13]! + carry(l, words[i + 12]!)) | 0;
    // By 42.
    timesK1((h >>> 10) | (l << 22), (l >>> 10) | (h << 22));
    l = (low + v0l) | 0;
    h = (high + v0h + carry(l, v0l)) | 0;
    yl = (l + words[i + 10]!) | 0;
    yh = (h + words[i + 11]! + carry(yl, l)) | 0;

    l = (zl + w0l) | 0;
    h = (zh + w0h + carry(l, w0l)) | 0;
    // By 33.
    timesK1((h >>> 1) | (l << 31), (l >>> 1) | (h << 31));
    zl = low;
    zh = high;

    // The first 32 bytes, with v[1] * K1 and x + w[0].
    timesK1(v1l, v1h);
    let al = (low + words[i]!) | 0;
    let ah = (high + words[i + 1]! + carry(al, low)) | 0;
    l = (xl + w0l) | 0;
    h = (xh + w0h + carry(l, w0l)) | 0;
    l = (l + al) | 0;
    h = (h + ah + carry(l, al)) | 0;
    l = (l + words[i + 6]!) | 0;
    h = (h + words[i + 7]! + carry(l, words[i + 6]!)) | 0;
    // By 21.
    let bl = (l >>> 21) | (h << 11);
    let bh = (h >>> 21) | (l << 11);
    l = (al + words[i + 2]!) | 0;
    h = (ah + words[i + 3]! + carry(l, al)) | 0;
    let sl = (l + words[i + 4]!) | 0;
    let sh = (h + words[i + 5]! + carry(sl, l)) | 0;
    v0l = (sl + words[i + 6]!) | 0;
    v0h = (sh + words[i + 7]! + carry(v0l, sl)) | 0;
    // By 44.
    l = (((sh >>> 12) | (sl << 20)) + bl) | 0;
    h = (((sl >>> 12) | (sh << 20)) + bh + carry(l, bl)) | 0;
    v1l = (l + al) | 0;
    v1h = (h + ah + carry(v1l, al)) | 0;

    // The other 32 bytes, with z + w[1] and y + the third word of 64 bits.
    l = (zl + w1l) | 0;
    h = (zh + w1h + carry(l, w1l)) | 0;
    al = (l + words[i + 8]!) | 0;
    ah = (h + words[i + 9]! + carry(al, l)) | 0;
    l = (yl + words[i + 4]!) | 0;
    h = (yh + words[i + 5]! + carry(l, yl)) | 0;
    l = (l + al) | 0;
    h = (h + ah + carry(l, al)) | 0;
    l = (l + words[i + 14]!) | 0;
    h = (h + words[i + 15]! + carry(l, words[i + 14]!)) | 0;
    bl = (l >>> 21) | (h << 11);
    bh = (h >>> 21) | (l << 11);
    l = (al + words[i + 10]!) | 0;
    h = (ah + words[i + 11]! + carry(l, al)) | 0;
    sl = (l + words[i + 12]!) | 0;
    sh = (h + words[i + 13]! + carry(sl, l)) | 0;
    w0l = (sl + words[i + 14]!) | 0;
    w0h = (sh + words[i + 15]! + carry(w0l, sl)) | 0;
    l = (((sh >>> 12) | (sl << 20)) + bl) | 0;
    h = (((sl >>> 12) | (sh << 20)) + bh + carry(l, bl)) | 0;
    w1l = (l + al) | 0;
    w1h = (h + ah + carry(w1l, al)) | 0;

    // x and z change places.
    [l, h] = [zl, zh];
    [zl, zh] = [xl, xh];
    [xl, xh] = [l, h];
  }
  state.set([xl, xh, yl, yh, zl, zh, v0l, v0h, v1l, v1h, w0l, w0h, w1l, w1h]);
}

type Halves = [
  ...[number, number, number, number, number, number],
  ...[number, number, number, number, number, number, number, number],
];

/** Each number as two halves. */
export function halvesOf(numbers: readonly bigint[]): BlockState {
  const halves = new Int32Array(2 * numbers.length);
  for (const [i, one] of numbers.entries()) {
    halves[2 * i] = Number(BigInt.asIntN(32, one));
    halves[2 * i + 1] = Number(BigInt.asIntN(32, one >> 32n));
  }
  return halves as BlockState;
}

export function numbersOf(state: BlockState): bigint[] {
  return Array.from({ length: state.length / 2 }, (_, i) => {
    return (BigInt(state[2 * i + 1]! >>> 0) << 32n) | BigInt(state[2 * i]! >>> 0);
  });
}

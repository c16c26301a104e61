/**
 * FarmHash's Fingerprint64, which never changes for the same bytes. TensorFlow calls it `farmhash64`, and computes the
 * fingerprint of a SavedModel with it. A test compares it with TensorFlow.
 */
import type { Steps } from '../../../format/turns.js';
import { BLOCK, halvesOf, numbersOf, takeBlocks } from './farm-blocks.js';

const MASK = 0xffff_ffff_ffff_ffffn;
const K0 = 0xc3a5_c85c_97cb_3127n;
const K1 = 0xb492_b66f_be98_f273n;
const K2 = 0x9ae1_6a3b_2f90_404fn;

/** Bytes between two stops: about a millisecond. */
const STEP = BLOCK * 4096;

type Pair = readonly [bigint, bigint];

/** All sums and products are of 64 bits. */
export function* fingerprint64(bytes: Uint8Array): Steps<bigint> {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length <= 16) return short(data);
  if (bytes.length <= 32) return medium(data);
  return bytes.length <= BLOCK ? longer(data) : yield* long(data);
}

function short(data: DataView): bigint {
  const length = data.byteLength;
  const mul = wrap(K2 + BigInt(length * 2));
  if (length >= 8) {
    const a = wrap(word(data, 0) + K2);
    const b = word(data, length - 8);
    return mixed(wrap(rotated(b, 37n) * mul + a), wrap((rotated(a, 25n) + b) * mul), mul);
  }
  if (length >= 4) {
    const [first, last] = [BigInt(data.getUint32(0, true)), BigInt(data.getUint32(length - 4, true))];
    return mixed(BigInt(length) + (first << 3n), last, mul);
  }
  if (length === 0) return K2;
  const y = BigInt(data.getUint8(0) + (data.getUint8(length >> 1) << 8));
  const z = BigInt(length + (data.getUint8(length - 1) << 2));
  return wrap(shifted(wrap(y * K2) ^ wrap(z * K0)) * K2);
}

function medium(data: DataView): bigint {
  const length = data.byteLength;
  const mul = wrap(K2 + BigInt(length * 2));
  const a = wrap(word(data, 0) * K1);
  const b = word(data, 8);
  const c = wrap(word(data, length - 8) * mul);
  const d = wrap(word(data, length - 16) * K2);
  return mixed(rotated(a + b, 43n) + rotated(c, 30n) + d, a + rotated(b + K2, 18n) + c, mul);
}

function longer(data: DataView): bigint {
  const length = data.byteLength;
  const mul = wrap(K2 + BigInt(length * 2));
  const a = wrap(word(data, 0) * K2);
  const b = word(data, 8);
  const c = wrap(word(data, length - 8) * mul);
  const d = wrap(word(data, length - 16) * K2);
  const y = wrap(rotated(a + b, 43n) + rotated(c, 30n) + d);
  const z = mixed(y, a + rotated(b + K2, 18n) + c, mul);
  const e = wrap(word(data, 16) * mul);
  const f = word(data, 24);
  const g = wrap((y + word(data, length - 32)) * mul);
  const h = wrap((z + word(data, length - 24)) * mul);
  return mixed(rotated(e + f, 43n) + rotated(g, 30n) + h, e + rotated(f + a, 18n) + g, mul);
}

/** What the blocks before leave for the next. */
interface State {
  x: bigint;
  y: bigint;
  z: bigint;
  v: Pair;
  w: Pair;
}

function* long(data: DataView): Steps<bigint> {
  const seed = 81n;
  const start = wrap(seed * K1 + 113n);
  const first = [wrap(seed * K2 + word(data, 0)), start, wrap(shifted(wrap(start * K2 + 113n)) * K2)];
  const halves = halvesOf([...first, 0n, 0n, 0n, 0n]);
  const rest = (data.byteLength - 1) % BLOCK;
  const end = data.byteLength - 1 - rest;
  for (let at = 0; at < end; at += STEP) {
    yield;
    takeBlocks(wordsOf(data, at, Math.min(STEP, end - at)), halves);
  }
  const [x, y, z, v0, v1, w0, w1] = numbersOf(halves) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  const state: State = { x, y, z, v: [v0, v1], w: [w0, w1] };
  const mul = wrap(K1 + ((state.z & 0xffn) << 1n));
  const w = state.w[0] + BigInt(rest);
  const v = wrap(state.v[0] + w);
  state.v = [v, state.v[1]];
  state.w = [wrap(w + v), state.w[1]];
  block(data, data.byteLength - BLOCK, state, mul, 9n);
  return mixed(
    mixed(state.v[0], state.w[0], mul) + shifted(state.y) * K0 + state.z,
    mixed(state.v[1], state.w[1], mul) + state.x,
    mul,
  );
}

/** Copied if they do not lie as words do. */
function wordsOf({ buffer, byteOffset }: DataView, at: number, length: number): Int32Array {
  const start = byteOffset + at;
  if (start % Int32Array.BYTES_PER_ELEMENT === 0) return new Int32Array(buffer, start, length / 4);
  return new Int32Array(buffer.slice(start, start + length));
}

/** Takes in the 64 bytes at `at`, which are the last ones: `takeBlocks` has other factors. */
function block(data: DataView, at: number, state: State, mul: bigint, factor: bigint): void {
  const { v, w } = state;
  const x = wrap(rotated(state.x + state.y + v[0] + word(data, at + 8), 37n) * mul) ^ wrap(w[1] * factor);
  const y = wrap(rotated(state.y + v[1] + word(data, at + 48), 42n) * mul + v[0] * factor + word(data, at + 40));
  const z = wrap(rotated(state.z + w[0], 33n) * mul);
  state.v = weak(data, at, v[1] * mul, x + w[0]);
  state.w = weak(data, at + 32, z + w[1], y + word(data, at + 16));
  state.y = y;
  // They change places.
  state.x = z;
  state.z = x;
}

/** Of 32 bytes. */
function weak(data: DataView, at: number, first: bigint, second: bigint): Pair {
  const last = word(data, at + 24);
  const a = wrap(first + word(data, at));
  const b = rotated(second + a + last, 21n);
  const sum = wrap(a + word(data, at + 8) + word(data, at + 16));
  return [wrap(sum + last), wrap(b + rotated(sum, 44n) + a)];
}

function mixed(u: bigint, v: bigint, mul: bigint): bigint {
  const second = wrap(v);
  const a = shifted(wrap((wrap(u) ^ second) * mul));
  return wrap(shifted(wrap((second ^ a) * mul)) * mul);
}

function shifted(value: bigint): bigint {
  return value ^ (value >> 47n);
}

function rotated(value: bigint, by: bigint): bigint {
  const bits = wrap(value);
  return wrap((bits >> by) | (bits << (64n - by)));
}

function wrap(value: bigint): bigint {
  return value & MASK;
}

function word(data: DataView, at: number): bigint {
  return data.getBigUint64(at, true);
}

const CAT = 0xc6a4_a793_5bd1_e995n;

/** The fingerprint of two (`FingerprintCat64`). */
export function fingerprintOfBoth(first: bigint, second: bigint): bigint {
  const mixed = wrap((first ^ CAT ^ wrap(shifted(wrap(second * CAT)) * CAT)) * CAT);
  return shifted(wrap(shifted(mixed) * CAT));
}

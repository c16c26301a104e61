/** The order of keys in an index: as UTF-8 bytes. It differs from JavaScript's order of strings above U+FFFF. */

import { type Steps, sorted } from './turns.js';

const SURROGATE = /[\ud800-\udfff]/;

/** False if the text holds half of a surrogate pair, which UTF-8 cannot express. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

/** Whether the text has a character above U+FFFF. Only then is the order as UTF-8 not that of JavaScript. */
export function hasSurrogates(text: string): boolean {
  return SURROGATE.test(text);
}

/**
 * The positions of the names in the order of their UTF-8 bytes; result[0] is that of the first name. Equal names keep
 * their order. `surrogates`: whether some name has some. In steps, because a sort of many names takes long.
 */
export function* sortKeys(names: readonly string[], surrogates: boolean): Steps<number[]> {
  const positions = names.map((_, i) => i);
  if (surrogates) return yield* sorted(positions, (a, b) => compareUtf8(names[a]!, names[b]!));
  return yield* sorted(positions, (a, b) => (names[a]! < names[b]! ? -1 : names[a] === names[b] ? 0 : 1));
}

/**
 * Compares two strings as UTF-8, which is by code point. A surrogate is half of a code point above U+FFFF, so it sorts
 * after every other unit.
 */
function compareUtf8(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  for (let i = 0; i < limit; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The order of keys in an index: as UTF-8 bytes. It differs from JavaScript's order of strings above U+FFFF. */

const SURROGATE = /[\ud800-\udfff]/;

/** False if the text holds half of a surrogate pair, which UTF-8 cannot express. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

/**
 * The permutation that sorts the names as UTF-8 bytes; result[0] is the index of the first name. Equal names keep their
 * order.
 */
export function sortKeys(names: readonly string[]): Uint32Array {
  const order = Uint32Array.from(names, (_, i) => i);
  const plain = !names.some(name => SURROGATE.test(name));
  const ascends = (a: string, b: string): boolean => (plain ? a <= b : compareUtf8(a, b) <= 0);
  // Names are often sorted already, and the check costs next to nothing.
  let sorted = true;
  for (let i = 1; i < names.length && sorted; i++) sorted = ascends(names[i - 1]!, names[i]!);
  if (sorted) return order;
  if (!plain) return order.sort((a, b) => compareUtf8(names[a]!, names[b]!) || a - b);
  return order.sort((a, b) => (names[a]! < names[b]! ? -1 : names[a]! > names[b]! ? 1 : a - b));
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

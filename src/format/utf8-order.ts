/** The order of keys in an index: as UTF-8 bytes. It differs from JavaScript's order of strings above U+FFFF. */

/** False if the text holds half of a surrogate pair, which UTF-8 cannot express. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/**
 * Compares two strings as UTF-8, which is by code point. A surrogate is half of a code point above U+FFFF, so it sorts
 * after every other unit.
 */
export function compareUtf8(a: string, b: string): number {
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

/**
 * Whether a JSON text may be parsed: how deep it is, and how much it holds. `JSON.parse` itself has no limits, and what
 * walks its result has.
 */

/** Python's own reader ends at about a thousand. */
const MAX_DEPTH = 500;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** Null if it is nested too deep; else about how many values it holds. A text that is not JSON has a number, too. */
export function valuesInJson(text: string): number | null {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COMMA) values++;
    else if (OPEN.has(code)) {
      values++;
      if (++depth > MAX_DEPTH) return null;
    } else if (CLOSE.has(code)) depth--;
  }
  return values;
}

/** The place of the quote that ends the string. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    const end = text.indexOf('"', i);
    if (end < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
    i = end;
  }
}

/**
 * What may be printed. Names, paths and texts come from files, and some characters control a terminal, are invisible,
 * or change the order of the text around them. All of these are shown as their codes: controls (C0, DEL, C1), formats
 * (bidirectional marks, zero widths, the soft hyphen, tags), separators of lines and paragraphs, spaces other than the
 * usual one, variation selectors and other invisible characters, private and unassigned characters, halves of surrogate
 * pairs. Letters, marks, numbers, punctuation and symbols of any script stay. The Unicode version is that of the
 * running Node.
 */

const HIDDEN = '[\\p{C}\\p{Z}\\p{Default_Ignorable_Code_Point}]';
const UNSAFE = new RegExp(`(?! )${HIDDEN}`, 'gu');
const UNSAFE_IN_LINES = new RegExp(`(?![ \\t\\n])${HIDDEN}`, 'gu');

/** The text on one line: line breaks and tabs are shown as codes, too. */
export function visible(text: string): string {
  return text.replace(UNSAFE, codeOf);
}

/** Line feeds and tabs stay: they are the program's own, since names have gone through `visible` before. */
export function visibleLines(text: string): string {
  return text.replace(UNSAFE_IN_LINES, codeOf);
}

/** JSON in which the same characters are escaped. It means the same as before. */
export function visibleJson(json: string): string {
  return json.replace(UNSAFE_IN_LINES, character =>
    Array.from({ length: character.length }, (_, i) => `\\u${hex(character.charCodeAt(i))}`).join(''),
  );
}

function codeOf(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0)!;
  return code > 0xffff ? `\\u{${hex(code)}}` : `\\u${hex(code)}`;
}

function hex(code: number): string {
  return code.toString(16).padStart(4, '0');
}

const PLAIN = /^[ -~]*$/;

/** Marks that are drawn on the character before them, and the later parts of Korean syllables. */
const NARROW = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/**
 * Characters of two cells: East_Asian_Width W and F of Unicode (EastAsianWidth.txt), as ranges. Emoji have a Unicode
 * property of their own.
 */
const WIDE = new RegExp(
  [
    String.raw`[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4c6\ua960-\ua97c]`,
    String.raw`[\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6]`,
    String.raw`[\u{16fe0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]`,
    String.raw`(?!\p{RI})\p{Emoji_Presentation}`,
  ].join('|'),
  'u',
);

/** How many cells of a terminal a text takes. The text must have gone through `visible`. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += NARROW.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Fills the text up with spaces, on the right or (`isRight`) on the left. */
export function padded(text: string, width: number, isRight = false): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isRight ? spaces + text : text + spaces;
}

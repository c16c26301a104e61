/** Finds lines of more than 120 columns, in code, comments and documents. */

/** @typedef {import('./files.mjs').TextFile} TextFile */
/** @typedef {import('./files.mjs').Finding} Finding */

export const COLUMNS = 120;

/**
 * A line with only an address after the mark of a comment, a list, a quotation, or a name with a colon. It cannot be
 * broken.
 */
const ONLY_AN_ADDRESS = /^\s*(\/\/|\/?\*+|#|[->*+]|\d+\.|\[[^\]]+\]:|[\w-]+:)?\s*\S*\w:\/\/\S+$/;

/**
 * @param {TextFile} file
 * @returns {Finding[]}
 */
export function longLines({ file, text }) {
  return text.split('\n').flatMap((line, i) => {
    // Counts characters: one beyond the Basic Multilingual Plane is one column.
    const columns = [...line].length;
    if (columns <= COLUMNS || ONLY_AN_ADDRESS.test(line)) return [];
    return [{ file, line: i + 1, message: `${columns} columns; ${COLUMNS} at most` }];
  });
}

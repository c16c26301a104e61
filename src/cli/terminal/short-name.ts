/** Names from files within a table or a tree: one of megabytes would make every line as wide. */
import { visible } from './printable.js';

const MOST = 120;

/** The first 120 characters, as `visible` shows them. */
export function shortName(text: string): string {
  // Does not cut a character in two.
  return visible(text.length <= MOST ? text : `${text.slice(0, MOST).replace(/[\ud800-\udbff]$/, '')}…`);
}

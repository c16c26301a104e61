/** Docstrings as Markdown: paragraphs of at most 120 columns, in which Markdown's own characters are escaped. */

export const WIDTH = 120;
/** Words that begin a list, a heading or a quotation if they are the first of a line. */
const MARK = /^([-+*#>|]|\d+[.)]|=+|-+)$/;

/** A text as one paragraph, whose lines begin with `indent`. */
export function wrap(text, indent = '') {
  const words = escaped(text).split(/\s+/).filter(Boolean);
  const lines = [];
  let line = '';
  for (const word of words) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && indent.length + longer.length > WIDTH) {
      // A word that must not begin a line takes the word before it along.
      const end = MARK.test(word) ? Math.max(0, line.lastIndexOf(' ')) : line.length;
      if (end > 0) lines.push(line.slice(0, end));
      line = `${line.slice(end)} ${word}`.trim();
    } else {
      line = longer;
    }
  }
  if (line !== '') lines.push(line);
  return lines.map(one => indent + one).join('\n');
}

/** Paragraphs, lists (`- …`) and code fences. */
export function paragraphs(text, indent = '') {
  return text
    .split(/\n\s*\n/)
    .map(part => (part.trim().startsWith('```') ? indented(part.trim(), indent) : items(part, indent)))
    .filter(part => part.trim() !== '')
    .join('\n\n');
}

function items(part, indent) {
  const [before, ...list] = `\n${part.trim()}`.split(/\n\s*- /);
  const bullets = list.map(item => `${indent}- ${wrap(item, `${indent}  `).trimStart()}`).join('\n');
  return [wrap(before, indent), bullets].filter(one => one !== '').join('\n\n');
}

function indented(text, indent) {
  return text
    .split('\n')
    .map(line => (line === '' ? '' : indent + line))
    .join('\n');
}

/** Outside of code, escapes `<`, `*` and leading underscores. */
function escaped(text) {
  return text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[<*]/g, '\\$&').replace(/(^|\s)_/g, '$1\\_')))
    .join('');
}

/** Breaks a text of links into lines, only between two links, and escapes nothing. */
export function wrapLinks(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join('\n');
}

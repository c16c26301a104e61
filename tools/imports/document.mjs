/** The picture in CONTRIBUTING.md, between two comments. Writes it, and says whether it is still right. */

const BEGIN = '<!-- imports:begin -->';
const END = '<!-- imports:end -->';

/** @param {string} text */
function block(text) {
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`CONTRIBUTING.md has no ${BEGIN} … ${END}`);
  return {
    before: text.slice(0, start + BEGIN.length),
    inside: text.slice(start + BEGIN.length, end),
    after: text.slice(end),
  };
}

/** The lines between the fences. @param {string} text the document */
export function pictureIn(text) {
  const lines = block(text).inside.trim().split('\n');
  return lines.filter(line => !line.startsWith('```')).join('\n');
}

/**
 * The document with this picture in it.
 *
 * @param {string} text
 * @param {string} picture
 */
export function withPicture(text, picture) {
  const { before, after } = block(text);
  return `${before}\n\n\`\`\`\n${picture}\n\`\`\`\n\n${after}`;
}

/**
 * Lines of either picture that the other one lacks. Numbers may differ by a tenth, or by 2 files and 200 lines, since
 * otherwise every change of the sources would change the document.
 *
 * @param {string} stands
 * @param {string} should
 */
export function drift(stands, should) {
  /** @param {string} line */
  const words = line => line.replace(/\d+/g, '').replace(/\s+/g, ' ').trim();
  /** @param {string} line */
  const numbers = line => (line.match(/\b\d+\b/g) ?? []).map(Number);
  /** @param {string} a @param {string} b */
  const agree = (a, b) =>
    words(a) === words(b) &&
    numbers(a).every((n, i) => Math.abs(n - numbers(b)[i]) <= Math.max(n >= 100 ? 200 : 2, n / 10));
  /** @param {string} text */
  const lines = text => text.split('\n').filter(line => line.trim() !== '');
  /** @param {string} one @param {string} other @param {string} sign */
  const lacking = (one, other, sign) =>
    lines(one)
      .filter(line => !lines(other).some(candidate => agree(line, candidate)))
      .map(line => `${sign} ${line}`);
  return [...lacking(stands, should, '-'), ...lacking(should, stands, '+')];
}

/** Writes SVG: elements as text, and the frame of a plot with colours for light and for dark screens. */

const STYLE = `
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #d0d7de; --quiet: #59636e; --good: #1a7f37; --bad: #cf222e;
        --c0: #0969da; --c1: #bc4c00; --c2: #1a7f37; --c3: #8250df; --c4: #bf3989; --c5: #9a6700; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #f0f6fc; --faint: #3d444d; --quiet: #9198a1; --good: #3fb950; --bad: #f85149;
          --c0: #4493f8; --c1: #f0883e; --c2: #3fb950; --c3: #ab7df8; --c4: #db61a2; --c5: #d29922; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 15px; font-weight: 600; }
  .group { font-weight: 600; }
  .quiet { fill: var(--quiet); }`;

export const COLOURS = 6;

/** `content` is text or a list of elements. Attributes that are undefined are left out. */
export function element(name, attributes, content) {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? rounded(value) : value)}"`)
    .join('');
  const inside = Array.isArray(content) ? content.join('\n') : escaped(content ?? '');
  return inside === '' ? `<${name}${written}/>` : `<${name}${written}>${inside}</${name}>`;
}

export function drawing({ width, height, title }, elements) {
  return `${element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img' },
    [
      element('title', {}, title),
      element('style', {}, STYLE),
      element('rect', { width, height, fill: 'var(--paper)' }),
      text(16, 26, title, { class: 'title' }),
      ...elements,
    ],
  )}\n`;
}

export const text = (x, y, content, more = {}) => element('text', { x, y, ...more }, content);

export const line = (x1, y1, x2, y2, stroke, more = {}) => element('line', { x1, y1, x2, y2, stroke, ...more });

/** Positions of values on a logarithmic axis from `from` to `to`. */
export function logScale([low, high], [from, to]) {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  return value => from + ((Math.log10(Math.min(high, Math.max(low, value))) - a) / (b - a || 1)) * (to - from);
}

/** Whole powers of ten around the values. */
export function decades(values) {
  const positive = values.filter(value => value > 0 && Number.isFinite(value));
  if (positive.length === 0) return [1, 10];
  const low = 10 ** Math.floor(Math.log10(Math.min(...positive)) + 1e-9);
  const high = 10 ** Math.ceil(Math.log10(Math.max(...positive)) - 1e-9);
  return [low, Math.max(high, low * 10)];
}

export function powersOfTen([low, high]) {
  const count = Math.round(Math.log10(high / low));
  return Array.from({ length: count + 1 }, (_, i) => Number((low * 10 ** i).toPrecision(1)));
}

const rounded = value => String(Math.round(value * 100) / 100);

function escaped(value) {
  return String(value).replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);
}

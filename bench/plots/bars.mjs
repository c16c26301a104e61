/**
 * Horizontal bars on a logarithmic axis: the median, a line over the interval, and a mark at the goal. A bar of a ratio
 * begins at 1, so it points to the right if this library is faster, and to the left if it is slower. Bars of one group
 * stand below its name.
 */
import { number } from '../report/words.mjs';
import { decades, drawing, element, line, logScale, powersOfTen, text } from './svg.mjs';

const WIDTH = 960;
const AREA = { left: 440, right: 840, top: 56 };
const STEP = 24;

/**
 * @param plot `{ title, axis, origin, bars: [{ name, group, median, low, high, goal, better }] }`; `origin` is where
 *   bars begin (default: the left end); a `group` may be left out
 */
export function barPlot({ title, axis, origin, bars }) {
  const lines = bars.flatMap((bar, i) => {
    const isFirst = bar.group !== undefined && bar.group !== bars[i - 1]?.group;
    return isFirst ? [{ heading: bar.group }, bar] : [bar];
  });
  const bottom = AREA.top + STEP * lines.length;
  const values = bars.flatMap(({ low, high, goal }) => [low, high, goal ?? low]);
  const range = decades(origin === undefined ? values : [...values, origin]);
  const scale = logScale(range, [AREA.left, AREA.right]);
  return drawing({ width: WIDTH, height: bottom + 48, title }, [
    ...powersOfTen(range).flatMap(value => [
      line(scale(value), AREA.top, scale(value), bottom, 'var(--faint)'),
      text(scale(value), bottom + 18, String(value), { 'text-anchor': 'middle' }),
    ]),
    text((AREA.left + AREA.right) / 2, bottom + 38, axis, { 'text-anchor': 'middle', class: 'quiet' }),
    ...lines.flatMap((one, i) => {
      const top = AREA.top + STEP * i;
      return one.heading === undefined ? drawn(one, top, scale, origin ?? range[0]) : headed(one.heading, top);
    }),
  ]);
}

const headed = (name, top) => [
  text(AREA.left - 10, top + STEP / 2 + 6, name, { 'text-anchor': 'end', class: 'group' }),
];

function drawn({ name, median, low, high, goal, better }, top, scale, origin) {
  const [from, to] = [scale(origin), scale(median)].toSorted((a, b) => a - b);
  const middle = top + STEP / 2;
  return [
    text(AREA.left - 10, middle + 4, name, { 'text-anchor': 'end' }),
    element('rect', {
      x: from,
      y: top + 5,
      width: Math.max(1, to - from),
      height: STEP - 10,
      fill: colour({ median, goal, better }),
      'fill-opacity': '0.75',
    }),
    line(scale(low), middle, scale(high), middle, 'var(--ink)', { 'stroke-width': 2 }),
    ...(goal === undefined
      ? []
      : [line(scale(goal), top + 2, scale(goal), top + STEP - 2, 'var(--ink)', { 'stroke-dasharray': '3 2' })]),
    text(AREA.right + 10, middle + 4, `${number(median)}${goal === undefined ? '' : ` (goal ${goal})`}`),
  ];
}

function colour({ median, goal, better }) {
  if (goal === undefined) return 'var(--c0)';
  return (better === 'less' ? median <= goal : median >= goal) ? 'var(--good)' : 'var(--bad)';
}

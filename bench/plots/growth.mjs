/** How time grows with size: both axes logarithmic, a line for each series, a bar from smallest to largest value. */
import { COLOURS, decades, drawing, element, line, logScale, powersOfTen, text } from './svg.mjs';

const [WIDTH, HEIGHT] = [760, 440];
const AREA = { left: 76, right: 560, top: 48, bottom: 384 };

/** @param plot `{ title, x, y, series: [{ name, points: [{ x, median, min, max }] }] }`; `x` and `y` name the axes */
export function growthPlot({ title, x, y, series }) {
  const points = series.flatMap(({ points }) => points);
  const [across, up] = [
    decades(points.map(point => point.x)),
    decades(points.flatMap(point => [point.min, point.max])),
  ];
  const scale = { x: logScale(across, [AREA.left, AREA.right]), y: logScale(up, [AREA.bottom, AREA.top]) };
  return drawing({ width: WIDTH, height: HEIGHT, title }, [
    ...powersOfTen(across).flatMap(value => [
      line(scale.x(value), AREA.top, scale.x(value), AREA.bottom, 'var(--faint)'),
      text(scale.x(value), AREA.bottom + 18, tick(value), { 'text-anchor': 'middle' }),
    ]),
    ...powersOfTen(up).flatMap(value => [
      line(AREA.left, scale.y(value), AREA.right, scale.y(value), 'var(--faint)'),
      text(AREA.left - 8, scale.y(value) + 4, tick(value), { 'text-anchor': 'end' }),
    ]),
    text((AREA.left + AREA.right) / 2, AREA.bottom + 42, x, { 'text-anchor': 'middle', class: 'quiet' }),
    text(AREA.left, AREA.top - 8, y, { class: 'quiet', 'text-anchor': 'start' }),
    ...series.flatMap((one, i) => curve(one, i, scale)),
  ]);
}

function curve({ name, points }, i, scale) {
  const stroke = `var(--c${i % COLOURS})`;
  const at = points.map(point => `${scale.x(point.x).toFixed(1)},${scale.y(point.median).toFixed(1)}`);
  const dashes = i < COLOURS ? undefined : '5 3';
  return [
    element('polyline', { points: at.join(' '), fill: 'none', stroke, 'stroke-width': 2, 'stroke-dasharray': dashes }),
    ...points.flatMap(point => [
      line(scale.x(point.x), scale.y(point.min), scale.x(point.x), scale.y(point.max), stroke),
      element('circle', { cx: scale.x(point.x), cy: scale.y(point.median), r: 3, fill: stroke }),
    ]),
    line(AREA.right + 16, AREA.top + 12 + 22 * i, AREA.right + 36, AREA.top + 12 + 22 * i, stroke, {
      'stroke-width': 3,
      'stroke-dasharray': dashes,
    }),
    text(AREA.right + 44, AREA.top + 16 + 22 * i, name),
  ];
}

function tick(value) {
  if (value >= 1e9) return `${value / 1e9} G`;
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1e4) return `${value / 1e3} k`;
  return String(value);
}

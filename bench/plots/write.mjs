/** Writes the plots of a run: the ratios of all cases, and what single cases draw themselves. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { barPlot } from './bars.mjs';
import { growthPlot } from './growth.mjs';

const KINDS = { bars: barPlot, growth: growthPlot };

/** `own`: the plots of the cases, `{ file, kind, ... }`. Returns `{ title, file }` of each plot. */
export async function writePlots(folder, records, own) {
  const plots = [ratios(records, 'x', 'speed'), ratios(records, 'x time', 'time'), ...own].filter(Boolean);
  if (plots.length > 0) await mkdir(folder, { recursive: true });
  for (const plot of plots) await writeFile(join(folder, plot.file), KINDS[plot.kind](plot));
  return plots.map(({ title, file }) => ({ title, file: join(folder, file) }));
}

const RATIOS = {
  speed: { title: 'Speed of this library divided by the other (more is better)', axis: 'times as fast' },
  time: { title: 'Time of this library divided by the other (less is better)', axis: 'times as long' },
};

function ratios(records, unit, name) {
  const bars = records.flatMap(({ key, rows = [] }) =>
    rows
      .filter(row => row.unit === unit && row.pairs > 0)
      .map(({ title, ...row }) => ({ ...row, name: title, group: key })),
  );
  if (bars.length === 0) return undefined;
  return { file: `ratios-${name}.svg`, kind: 'bars', origin: 1, bars, ...RATIOS[name] };
}

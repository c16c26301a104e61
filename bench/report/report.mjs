/** Writes what a run leaves behind: the JSON, the Markdown table and the plots. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { writePlots } from '../plots/write.mjs';
import { markdown } from './markdown.mjs';

const NOTES = [
  'Incremental saves are not built yet, so they have no row.',
  "tfjs-node's own save fails above 4 GiB, so the model of 6 GB has no peer.",
];

/** Returns lines that say where everything is. */
export async function report(results, cases, { plots: folder, markdown: file }) {
  const records = results.data.cases;
  const own = records.flatMap(({ name, key, kind, turns }) => {
    const benchmark = cases.find(one => one.name === name);
    if (turns.length === 0 || !benchmark?.plots) return [];
    return benchmark.plots(turns, kind).map(plot => ({ ...plot, file: `${plot.file ?? key}.svg` }));
  });
  const plots = await writePlots(folder, records, own);
  await mkdir(dirname(file), { recursive: true });
  const places = plots.map(({ title, file: path }) => ({ title, path: relative(dirname(file), path) }));
  await writeFile(file, markdown({ ...results.data, notes: NOTES }, places));
  return [`JSON: ${results.file}`, `Markdown: ${file}`, `plots: ${folder}`];
}

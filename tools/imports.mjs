/**
 * Shows which file imports which in src/: `node tools/imports.mjs [--tree | --mermaid | --check | --write]
 * [--src=FOLDER]`. Imports of types count, since for a reader a cycle of types is a cycle, too. test/shape.test.ts has
 * the rules and uses the same modules.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drift, pictureIn, withPicture } from './imports/document.mjs';
import { readSources } from './imports/graph.mjs';
import { mermaid, picture, report } from './imports/report.mjs';

const USAGE = `usage: node tools/imports.mjs [--tree | --mermaid | --check | --write] [--src=FOLDER]
  (nothing)   folders with their sizes, imports between them, cycles, file names that are repeated
  --tree      the picture in CONTRIBUTING.md
  --mermaid   the folders as a Mermaid diagram
  --check     fails if the picture in CONTRIBUTING.md is not that of src/
  --write     puts it there
  --src       another tree than this checkout's src/`;

const DOCUMENT = fileURLToPath(new URL('../CONTRIBUTING.md', import.meta.url));

/** @param {import('./imports/source.mjs').Source[]} sources */
function check(sources) {
  const differences = drift(pictureIn(readFileSync(DOCUMENT, 'utf8')), picture(sources));
  if (differences.length === 0) return 0;
  console.error('The picture in CONTRIBUTING.md is not that of src/ (- stands there, + should):');
  console.error(`${differences.join('\n')}\nTo mend it: node tools/imports.mjs --write`);
  return 1;
}

function main() {
  const flags = ['tree', 'mermaid', 'check', 'write', 'help'];
  let options;
  try {
    options = parseArgs({
      options: { src: { type: 'string' }, ...Object.fromEntries(flags.map(flag => [flag, { type: 'boolean' }])) },
    }).values;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return 2;
  }
  if (options.help || flags.filter(flag => options[flag]).length > 1) {
    console.log(USAGE);
    return options.help ? 0 : 2;
  }
  const sources = readSources(options.src ?? fileURLToPath(new URL('../src', import.meta.url)));
  if (options.check) return check(sources);
  if (options.write) writeFileSync(DOCUMENT, withPicture(readFileSync(DOCUMENT, 'utf8'), picture(sources)));
  else if (options.tree) console.log(picture(sources));
  else if (options.mermaid) console.log(mermaid(sources));
  else console.log(report(sources));
  return 0;
}

process.exitCode = main();

/** `npm run docs`: writes docs/api/ from the docstrings in src/ and the help texts of the command line. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../dist/cli/dispatch.js';
import { helpOfCommand, helpOfProgram } from '../dist/cli/help.js';
import { ENTRIES, PLAIN, referencePages } from './reference/pages.mjs';
import { readSources } from './reference/sources.mjs';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(checkout, 'docs', 'api');
const sources = readSources(
  checkout,
  ENTRIES.map(({ source }) => source),
);
const pages = referencePages(sources, {
  program: helpOfProgram(COMMANDS, PLAIN),
  commands: COMMANDS.map(command => ({ name: command.name, help: helpOfCommand(command, PLAIN) })),
});
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name));
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
process.stdout.write(`${pages.size} pages in docs/api\n`);

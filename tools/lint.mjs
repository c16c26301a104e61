/**
 * Checks what biome does not: `node tools/lint.mjs [--lines] [--words] [PATH...]`. Lines must be within 120 columns,
 * and words must be plain. Prints FILE:LINE: and what to do. With PATH, only files whose path begins with it are
 * checked. Exit code 1 if anything was found.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { textFiles } from './lint/files.mjs';
import { longLines } from './lint/lines.mjs';
import { isProse, tics } from './lint/words.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function main() {
  let given;
  try {
    given = parseArgs({ options: { lines: { type: 'boolean' }, words: { type: 'boolean' } }, allowPositionals: true });
  } catch (error) {
    console.error(`${error.message}\nusage: node tools/lint.mjs [--lines] [--words] [PATH...]`);
    return 2;
  }
  const { values, positionals } = given;
  const all = values.lines === values.words;
  const files = textFiles(ROOT).filter(
    ({ file }) => positionals.length === 0 || positionals.some(path => file.startsWith(path)),
  );
  let failures = 0;
  const tell = (name, findings) => {
    for (const { file, line, message } of findings) console.log(`${file}:${line}: ${message}`);
    console.log(`${name}: ${findings.length} found`);
    failures += findings.length;
  };
  if (all || values.lines) tell('lines', files.flatMap(longLines));
  if (all || values.words) tell('words', files.filter(({ file }) => isProse(file)).flatMap(tics));
  return failures > 0 ? 1 : 0;
}

process.exitCode = main();

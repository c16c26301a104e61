/** docs/api/ is what `npm run docs` makes of the sources of today, and says the default of every option. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/dispatch.js';
import { helpOfCommand, helpOfProgram } from '../../src/cli/help.js';
import { commentOf } from '../../tools/reference/comments.mjs';
import { ENTRIES, PLAIN, referencePages } from '../../tools/reference/pages.mjs';
import { wrap } from '../../tools/reference/prose.mjs';
import { readSources, type Sources } from '../../tools/reference/sources.mjs';
import { CHECKOUT } from './pack.js';

const FOLDER = join(CHECKOUT, 'docs', 'api');
let sources: Sources;
let pages: Map<string, string>;
beforeAll(() => {
  sources = readSources(
    CHECKOUT,
    ENTRIES.map(({ source }) => source),
  );
  pages = referencePages(sources, {
    program: helpOfProgram(COMMANDS, PLAIN),
    commands: COMMANDS.map(command => ({ name: command.name, help: helpOfCommand(command, PLAIN) })),
  });
});

test('docs/api is what the sources say; `npm run docs` writes it', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort());
  for (const [name, text] of pages) expect(readFileSync(join(FOLDER, name), 'utf8'), name).toBe(text);
});

test('every link of a page leads to a heading', () => {
  const anchors = new Map(
    [...pages].map(([name, text]) => [
      name,
      [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!.toLowerCase().replace(/[^\w -]/g, '')),
    ]),
  );
  const links = [...pages].flatMap(([name, text]) =>
    [...text.matchAll(/\]\(([^)#]*)#([^)]+)\)/g)].map(match => [match[1] || name, match[2]!] as const),
  );
  expect(links.length).toBeGreaterThan(100);
  expect(links.filter(([page, anchor]) => !anchors.get(page)?.includes(anchor))).toEqual([]);
});

test('every option says its default', () => {
  const isOptions = /(Options|Config|Args|Update|CSVColumn)$/;
  const silent = ENTRIES.flatMap((_, i) => [...sources.entry(i).exports])
    .filter(([name]) => isOptions.test(name))
    .flatMap(([name, declarations]) =>
      declarations
        .filter(one => ts.isInterfaceDeclaration(one))
        .flatMap(one => [...one.members])
        .filter(member => member.questionToken && !/\bdefault\b/i.test(commentOf(member).text))
        .map(member => `${name}.${member.name!.getText()}`),
    );
  expect(silent).toEqual([]);
});

describe('the pages', () => {
  test('have what is exported, and nothing that is internal', () => {
    expect(pages.get('tfjs.md')).toContain('### CheckpointManager\n');
    expect(pages.get('tfjs.md')).toContain('#### CheckpointManager: restoreOrInitialize\n');
    expect(pages.get('tfjs.md')).not.toMatch(/writeManaged|@internal/);
    expect(pages.get('tensorbundle.md')).toMatch(/^- `lockTimeoutMs\?: number`: .*milliseconds/m);
    expect(pages.get('command-line.md')).toContain('## verify\n');
  });

  test('show in Markdown what a docstring says', () => {
    expect(wrap('a <b> and `<c>` of P.data-* and __proto__')).toBe('a \\<b> and `<c>` of P.data-\\* and \\__proto__');
    expect(wrap(`${'word '.repeat(23)}last - next`).split('\n')).toHaveLength(2);
    expect(wrap(`${'word '.repeat(23)}last - next`)).not.toMatch(/^- /m);
  });
});

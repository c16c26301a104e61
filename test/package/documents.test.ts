/**
 * The documents as files: how wide they are, that all can be found, that links lead somewhere, that errors.md has every
 * code.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKOUT } from './pack.js';

const MARKDOWN = ['.', 'docs', 'docs/api', 'test/fixtures']
  .flatMap(folder => readdirSync(join(CHECKOUT, folder)).map(name => join(folder, name)))
  .filter(file => file.endsWith('.md'));
const textOf = (file: string): string => readFileSync(join(CHECKOUT, file), 'utf8');

test.each(MARKDOWN)('%s has no line above 120 columns', file => {
  expect(MARKDOWN).toContain('README.md');
  const tooLong = textOf(file)
    .split('\n')
    .map((line, i) => ({ line: i + 1, columns: [...line].length }))
    .filter(({ columns }) => columns > 120);
  expect(tooLong).toEqual([]);
});

test('docs/README.md links every document and every page', () => {
  const links = [...textOf('docs/README.md').matchAll(/\]\(([^)]+)\)/g)].map(match => join('docs', match[1]!));
  const documents = MARKDOWN.filter(file => file !== 'docs/README.md' && !file.startsWith('test/'));
  expect(documents.filter(file => !links.includes(file))).toEqual([]);
});

test.each(MARKDOWN)('the links of %s lead somewhere', file => {
  const text = textOf(file).replace(/^```.*?^```$/gms, '');
  const targets = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)|^\[[^\]]+\]: (?!https?:)(\S+)$/gm)].map(
    match => match[1] ?? match[2]!,
  );
  for (const target of targets) {
    const [path, anchor] = target.split('#') as [string, string | undefined];
    const at = path === '' ? file : join(dirname(file), path);
    expect(existsSync(join(CHECKOUT, at)), `${target} in ${file}`).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(textOf(at)), `${target} in ${file}`).toContain(anchor);
  }
});

/** As GitHub makes them. */
function anchorsOf(text: string): string[] {
  const titles = [...text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(match => match[1]!);
  const plain = titles.map(title =>
    title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  return plain.map((anchor, i) => {
    const before = plain.slice(0, i).filter(one => one === anchor).length;
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

describe('docs/errors.md', () => {
  const page = textOf('docs/errors.md');
  const declared = [...textOf('src/errors.ts').matchAll(/^ {2}\| '(ERR_\w+)';?$/gm)].map(match => match[1]!);
  const sources = readdirSync(join(CHECKOUT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => textOf(join('src', file)));

  test('has each code once, in order, with its cause, advice and data', () => {
    const sections = page.split(/^## /m).filter(section => section.startsWith('ERR_'));
    expect(declared.length).toBeGreaterThan(25);
    expect(sections.map(section => section.split('\n')[0])).toEqual(declared);
    for (const section of sections) expect(section).toMatch(/^- Cause: .*^- What to do: .*^- Data: /ms);
  });

  test('leads to each code from its beginning', () => {
    const links = [...page.matchAll(/\[(ERR_\w+)\]\(#(\w+)\)/g)];
    expect(links.map(match => match[1]!).sort()).toEqual(declared.toSorted());
    expect(links.filter(match => match[1]!.toLowerCase() !== match[2])).toEqual([]);
  });

  /** Made into an error, or the result of a table: not only in a union of types or in a list of codes. */
  test('has no code that nothing throws', () => {
    const isThrown = (code: string): boolean => {
      const made = new RegExp(`(\\(|: |\\? )\\s*'${code}'\\s*(,|\\n)`);
      return sources.some(text => made.test(text));
    };
    expect(declared.filter(code => !isThrown(code))).toEqual([]);
    expect(isThrown('ERR_NOT_A_CODE')).toBe(false);
  });

  test('has each warning that can be emitted, and no other', () => {
    const emitted = sources
      .flatMap(text => [...text.matchAll(/'(TENSORBUNDLE_[A-Z_]+)'/g)].map(match => match[1]!))
      .filter(name => name !== 'TENSORBUNDLE_BINDING');
    const listed = [...page.matchAll(/^- `(TENSORBUNDLE_[A-Z_]+)`/gm)].map(match => match[1]!);
    expect(listed).toEqual([...new Set(emitted)].sort());
  });
});

/** The shape of src/, proven from its files: who may import whom, no cycles, what the core never loads. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { drift, pictureIn, withPicture } from '../tools/imports/document.mjs';
import { unusedExports } from '../tools/imports/exports.mjs';
import { readSources, target, targets } from '../tools/imports/graph.mjs';
import { entryOf, mayImport, ORDER } from '../tools/imports/order.mjs';
import { cyclesOfFiles, cyclesOfFolders, picture, repeatedNames } from '../tools/imports/report.mjs';
import { parse } from '../tools/imports/source.mjs';
import { awaitsAtTop } from './awaits-at-top.js';

type Source = ReturnType<typeof parse>;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(ROOT, 'src');

const sources: Source[] = readSources(SRC);

interface Card {
  dependencies: object;
  exports: Record<string, string | { types: string }>;
}

const card = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Card;

/** Whose exports are for users: `./dist/tfjs.d.ts` is tfjs.ts. */
const entryPoints = Object.values(card.exports)
  .filter(entry => typeof entry === 'object')
  .map(({ types }) => types.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1.ts'));

function wrongImports(source: Source): string[] {
  return targets(source)
    .filter(to => !mayImport(source.file, to))
    .map(to => `${source.file} imports ${to}`);
}

/** Names that two files have. A command and what it runs may be called the same. */
function confusing(files: readonly Source[]): string[] {
  return [...repeatedNames(files.filter(({ file }) => !file.startsWith('cli/commands/')))].map(
    ([name, folders]) => `${name} in ${folders.join(', ')}`,
  );
}

/** Everything that loading `entry` loads, as files of src/ and as package names. Types load nothing. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const walk = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const source = sources.find(candidate => candidate.file === file);
    for (const { specifier, typeOnly } of source?.imports ?? []) {
      if (typeOnly) continue;
      if (specifier.startsWith('.')) walk(target(file, specifier));
      else packages.add(specifier);
    }
  };
  walk(entry);
  return { files, packages };
}

describe('the shape of the sources', () => {
  test('every file has its place in the order, and every place has files', () => {
    expect(sources.filter(({ file }) => entryOf(file) === undefined).map(({ file }) => file)).toEqual([]);
    const used = new Set(sources.map(({ file }) => entryOf(file)));
    expect(ORDER.filter(entry => !used.has(entry))).toEqual([]);
    expect(ORDER.filter(entry => !existsSync(join(SRC, entry)))).toEqual([]);
    // A room inside a folder that has rooms in the order needs a place of its own.
    const folders = new Set(sources.filter(({ file }) => file.includes('/')).map(({ file }) => join(file, '..')));
    expect([...folders].filter(folder => !ORDER.includes(folder))).toEqual([]);
  });

  test('a file imports only from its own place in the order and from those before it', () => {
    expect(sources.flatMap(wrongImports)).toEqual([]);
    // The rule itself: what it must find.
    const wrong = (file: string, text: string): string[] => wrongImports(parse(file, text));
    expect(wrong('format/x.ts', "import { a } from '../bundle/a.js';")).toEqual(['format/x.ts imports bundle/a.ts']);
    expect(wrong('graph/x.ts', "export * from '../index.js';")).toHaveLength(1);
    expect(wrong('graph/x.ts', "import type { a } from '../layers/a.js';")).toHaveLength(1);
    expect(wrong('graph/x.ts', "let a: import('../layers/a.js').A;")).toHaveLength(1);
    expect(wrong('graph/x.ts', "import { a } from './stored/a.js';")).toHaveLength(1);
    expect(wrong('graph/stored/x.ts', "import { a } from '../restore/a.js';")).toHaveLength(1);
    expect(wrong('graph/restore/x.ts', "import { a } from '../stored/a.js'; import { b } from '../b.js';")).toEqual([]);
    expect(wrong('nowhere/x.ts', "import { a } from '../errors.js';")).toHaveLength(1);
    expect(wrong('cli/x.ts', "import { a } from '../index.js';")).toEqual([]);
  });

  test('no file imports itself, straight or by way of others; nor does a folder', () => {
    expect(cyclesOfFiles(sources)).toEqual([]);
    expect(cyclesOfFolders(sources)).toEqual([]);
    const files = (texts: Record<string, string>): Source[] => Object.entries(texts).map(([f, t]) => parse(f, t));
    const round = files({
      'a.ts': "import { b } from './b.js';",
      'b.ts': "import type { C } from './c.js';",
      'c.ts': "export type C = import('./a.js').A;",
      'd.ts': "import { a } from './a.js'; import './d.js';",
    });
    expect(cyclesOfFiles(round)).toEqual(['a.ts > b.ts > c.ts > a.ts', 'd.ts > d.ts']);
    expect(cyclesOfFiles(round.slice(0, 2))).toEqual([]);
    const rooms = files({
      'x/a/1.ts': "import '../b/1.js';",
      'x/b/1.ts': '',
      'x/b/2.ts': "export * from '../a/2.js';",
    });
    expect(cyclesOfFiles(rooms)).toEqual([]);
    expect(cyclesOfFolders(rooms)).toEqual(['x/a > x/b > x/a']);
  });

  test('no two files have the same name, but for commands', () => {
    expect(confusing(sources)).toEqual([]);
    const named = ['a/x.ts', 'b/x.ts', 'cli/commands/y.ts', 'b/y.ts'].map(file => parse(file, ''));
    expect(confusing(named)).toEqual(['x.ts in a, b']);
  });

  test('what is exported is imported by another file; by a test alone only if its own file uses it, too', () => {
    expect(entryPoints).toEqual(['index.ts', 'tfjs.ts', 'optimizers.ts', 'savedmodel.ts', 'register.ts']);
    const isPublic = (file: string): boolean => entryPoints.includes(file);
    const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
      .filter(file => /\.(ts|mjs)$/.test(file))
      .map(file => parse(`test/${file}`, readFileSync(join(ROOT, 'test', file), 'utf8')));
    expect(unusedExports(sources, tests, isPublic)).toEqual([]);
    const one = parse('a/x.ts', 'export const a = 1, b = 2; export interface C {} export function d() { b; }');
    const other = parse('a/y.ts', "import { a } from './x.js'; type T = import('./x.js').C;");
    expect(unusedExports([one, other], [], isPublic)).toEqual(['a/x.ts: b', 'a/x.ts: d']);
    const user = parse('test/z.ts', "import * as x from '../src/a/x.js';");
    expect(unusedExports([one, other], [user], isPublic)).toEqual(['a/x.ts: d, by tests only']);
  });

  test('CONTRIBUTING.md has the picture of src/ as it is', () => {
    const document = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    // To mend it: node tools/imports.mjs --write
    expect(drift(pictureIn(document), picture(sources))).toEqual([]);
    const grown = [...sources, parse('format/x.ts', "import { a } from '../graph/key.js';\n".repeat(500))];
    const drifted = drift(pictureIn(document), picture(grown));
    expect(drifted).toContainEqual(expect.stringMatching(/^- format .* -$/));
    expect(drifted).toContainEqual(expect.stringMatching(/^\+ format .* graph$/));
    expect(pictureIn(withPicture(document, 'x'))).toBe('x');
    expect(drift('a  10  1000  b', 'a  11  1100  b')).toEqual([]);
    expect(drift('a  10  1000  b', 'a  10  1300  b')).toHaveLength(2);
  });

  test('the core and the command line never load TensorFlow.js', () => {
    for (const entry of ['index.ts', 'cli/main.ts']) {
      const { files, packages } = loadedBy(entry);
      expect(files.size).toBeGreaterThan(30);
      expect([...files].filter(file => /^(tfjs\.ts|tfjs-core\.ts|layers\/)/.test(file))).toEqual([]);
      const foreign = [...packages].filter(name => !name.startsWith('node:'));
      // Only `saved-model show` decodes graphs, only `ls` and `show` open files of Keras: they load that when they run.
      const late = /^(@bufbuild\/protobuf.*|yauzl|h5wasm.*)$/;
      const own = foreign.filter(name => entry === 'index.ts' || !late.test(name));
      expect(own).toEqual(['node-gyp-build']);
      expect([...files].some(file => file.startsWith('graph/'))).toBe(entry === 'cli/main.ts');
    }
    expect([...loadedBy('tfjs.ts').files]).toContain('tfjs-core.ts');
  });

  test('TensorFlow.js is loaded in one place, which can say that it is not there', () => {
    const loading = sources.flatMap(({ file, imports }) =>
      imports.filter(({ specifier, typeOnly }) => !typeOnly && specifier.startsWith('@tensorflow/')).map(() => file),
    );
    expect(loading).toEqual([]);
    const awaiting = sources.filter(({ tree }) => tree.statements.some(awaitsAtTop)).map(({ file }) => file);
    expect(awaiting.splice(awaiting.indexOf('cli/main.ts'), 1)).toEqual(['cli/main.ts']);
    // A program in CommonJS can `require` this package only if no module awaits at its top.
    expect(awaiting).toEqual([]);
    expect(awaitsAtTop(parse('x.ts', 'export const a = await b;').tree.statements[0]!)).toBe(true);
    expect(awaitsAtTop(parse('x.ts', 'async function a() { await b; }').tree.statements[0]!)).toBe(false);
  });

  test('only declared packages are loaded', () => {
    const allowed = Object.keys(card.dependencies);
    const used = sources
      .flatMap(({ imports }) => imports.filter(({ typeOnly }) => !typeOnly))
      .map(({ specifier }) => specifier)
      .filter(specifier => !specifier.startsWith('.') && !specifier.startsWith('node:'));
    expect(used.filter(name => !allowed.some(one => name === one || name.startsWith(`${one}/`)))).toEqual([]);
  });

  test('every file operation goes through the native table: node:fs is not imported', () => {
    // The one exception, in files and in running programs: it sets another package up, before there is a checkpoint.
    const isExempt = (file: string): boolean => file.startsWith('cli/tfjs-node/');
    const found = sources.flatMap(({ file, imports }) =>
      imports
        .filter(({ specifier }) => /^(node:)?(fs|child_process)(\/|$)/.test(specifier))
        .map(({ specifier }) => [file, specifier]),
    );
    expect(found.filter(([file]) => !isExempt(file!))).toEqual([]);
    expect(found.filter(([file]) => isExempt(file!))).not.toEqual([]);
  });
});

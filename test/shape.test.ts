/** The shape of the sources, proven from the sources: who may import whom, what the core never loads, what no file says. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const ROOT = dirname(SRC);

/** A folder imports only from folders before it. */
const FOLDERS = [
  'format',
  'storage',
  'commit',
  'bundle',
  'graph',
  'layers',
  'optimizers',
  'data',
  'savedmodel',
  'training',
  'handlers',
  'cli',
];
/** Files beside the folders that every folder may import. The command line is a user of the public API. */
const SHARED = ['errors.ts', 'binding.ts'];
const ENTRY_POINTS = ['index.ts', 'tfjs.ts', 'optimizers.ts', 'register.ts'];

interface Import {
  specifier: string;
  /** The whole import is erased by the compiler. */
  typeOnly: boolean;
}

interface Source {
  /** Relative to src/. */
  file: string;
  imports: Import[];
  tree: ts.SourceFile;
}

function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { importClause, moduleSpecifier } = node;
      const named = importClause?.namedBindings;
      const onlyTypes =
        named !== undefined &&
        ts.isNamedImports(named) &&
        importClause?.name === undefined &&
        named.elements.length > 0 &&
        named.elements.every(element => element.isTypeOnly);
      const typeOnly = importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword || onlyTypes;
      found.push({ specifier: (moduleSpecifier as ts.StringLiteral).text, typeOnly });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      found.push({ specifier: (node.moduleSpecifier as ts.StringLiteral).text, typeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node)) {
      const [argument] = node.arguments;
      const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText(tree) === 'require';
      if (loads && argument && ts.isStringLiteral(argument)) found.push({ specifier: argument.text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function parse(file: string, text: string): Source {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  return { file, imports: importsOf(tree), tree };
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .sort()
  .map(file => parse(file, readFileSync(join(SRC, file), 'utf8')));

/** The file of src/ that a relative specifier names. */
function target(from: string, specifier: string): string {
  return relative(SRC, resolve(SRC, dirname(from), specifier)).replace(/\.js$/, '.ts');
}

function wrongImports({ file, imports }: Source): string[] {
  const [folder] = file.split('/');
  if (!file.includes('/')) return [];
  return imports
    .filter(({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.json'))
    .map(({ specifier }) => target(file, specifier))
    .filter(to => {
      if (SHARED.includes(to)) return false;
      if (ENTRY_POINTS.includes(to)) return folder !== 'cli';
      const at = FOLDERS.indexOf(to.split('/')[0]!);
      return at < 0 || at > FOLDERS.indexOf(folder!);
    })
    .map(to => `${file} imports ${to}`);
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

function anyTypes({ file, tree }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      found.push(`${file}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe('the shape of the sources', () => {
  test('every folder of src/ has its place in the order', () => {
    const folders = new Set(sources.filter(({ file }) => file.includes('/')).map(({ file }) => file.split('/')[0]!));
    expect([...folders].filter(folder => !FOLDERS.includes(folder))).toEqual([]);
    const files = sources.filter(({ file }) => !file.includes('/')).map(({ file }) => file);
    expect(files.sort()).toEqual([...ENTRY_POINTS, ...SHARED].sort());
  });

  test('a folder imports only from folders before it', () => {
    expect(sources.flatMap(wrongImports)).toEqual([]);
    // The rule itself: what it must find.
    expect(wrongImports(parse('format/x.ts', "import { a } from '../bundle/a.js';"))).toHaveLength(1);
    expect(wrongImports(parse('graph/x.ts', "export * from '../index.js';"))).toHaveLength(1);
    expect(wrongImports(parse('graph/x.ts', "import type { a } from '../layers/a.js';"))).toHaveLength(1);
    expect(wrongImports(parse('cli/x.ts', "import { a } from '../index.js';"))).toEqual([]);
  });

  test('the core and the command line never load TensorFlow.js', () => {
    for (const entry of ['index.ts', 'cli/main.ts']) {
      const { files, packages } = loadedBy(entry);
      expect(files.size).toBeGreaterThan(30);
      expect([...files].filter(file => /^(tfjs\.ts|layers\/|graph\/)/.test(file))).toEqual([]);
      expect([...packages].filter(name => !name.startsWith('node:'))).toEqual(['node-gyp-build']);
    }
    expect([...loadedBy('tfjs.ts').packages].filter(name => name.startsWith('@tensorflow/'))).toEqual([
      '@tensorflow/tfjs-core',
    ]);
  });

  test('only declared packages are loaded', () => {
    const card = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
    const allowed = [...Object.keys(card.dependencies), '@tensorflow/tfjs-core'];
    const used = sources
      .flatMap(({ imports }) => imports.filter(({ typeOnly }) => !typeOnly))
      .map(({ specifier }) => specifier)
      .filter(specifier => !specifier.startsWith('.') && !specifier.startsWith('node:'));
    expect(used.filter(name => !allowed.some(one => name === one || name.startsWith(`${one}/`)))).toEqual([]);
  });

  test('every file operation goes through the native table: node:fs is not imported', () => {
    // The one exception, in files and in what runs programs: it sets another package up, before there is any checkpoint.
    const isExempt = (file: string): boolean => file.startsWith('cli/tfjs-node/');
    const found = sources.flatMap(({ file, imports }) =>
      imports
        .filter(({ specifier }) => /^(node:)?(fs|child_process)(\/|$)/.test(specifier))
        .map(({ specifier }) => [file, specifier]),
    );
    expect(found.filter(([file]) => !isExempt(file!))).toEqual([]);
    expect(found.filter(([file]) => isExempt(file!))).not.toEqual([]);
  });

  test('there is no type `any`', () => {
    expect(sources.flatMap(anyTypes)).toEqual([]);
    expect(anyTypes(parse('x.ts', 'const any = 1;\nlet a: any;'))).toEqual(['x.ts:2']);
  });

  test('no file is longer than 350 lines', () => {
    const long = sources
      .filter(({ file }) => !file.endsWith('_pb.ts'))
      .filter(({ tree }) => tree.getLineAndCharacterOfPosition(tree.end).line > 350);
    expect(long.map(({ file }) => file)).toEqual([]);
  });
});

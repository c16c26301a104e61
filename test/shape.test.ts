/**
 * The shape of the sources, proven from the sources: who may import whom, what the core never loads, what no file says.
 */
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
const SHARED = ['realms.ts', 'errors.ts', 'options.ts', 'disposal.ts', 'binding.ts', 'tfjs-core.ts'];
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

function awaitsAtTop(node: ts.Node): boolean {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  return ts.isAwaitExpression(node) || (ts.forEachChild(node, child => awaitsAtTop(child) || undefined) ?? false);
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

/** Of Node's modules: the globals of a test's realm are others, fakes, or not there (realms.ts). */
const IMPORTED = /^(TextDecoder|TextEncoder|URL|performance|queueMicrotask|(set|clear)(Timeout|Immediate|Interval))$/;

/**
 * `instanceof` of a global class, comparison with a prototype of this realm, faked globals, disposal without its
 * symbols.
 */
function realmBound({ file, tree, imports }: Source): string[] {
  if (file === 'disposal.ts') return [];
  const hasDisposal = imports.some(({ specifier }) => specifier.endsWith('/disposal.js'));
  const names = new Set(importedNames(tree));
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const report = (what: string): void => {
      found.push(`${file}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1} ${what}`);
    };
    if (ts.isBinaryExpression(node)) {
      const right = node.right.getText(tree);
      const isGlobal = Object.hasOwn(globalThis, right) && !names.has(right);
      if (node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword && isGlobal) report(`instanceof ${right}`);
      if (/^[!=]==?$/.test(node.operatorToken.getText(tree)) && /^[A-Z]\w+\.prototype$/.test(right)) report(right);
    }
    const isName = ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node.parent) && isUsed(node);
    if (isName && IMPORTED.test(node.text) && !names.has(node.text)) report(node.text);
    const isDisposal = ts.isPropertyAccessExpression(node) && /^Symbol\.(asyncD|d)ispose$/.test(node.getText(tree));
    if (isDisposal && !hasDisposal) report(node.name.text);
    if (ts.isVariableDeclarationList(node) && /^(await )?using /.test(node.getText(tree)) && !hasDisposal)
      report('await using');
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Not a type, and not the name of something else. */
function isUsed(node: ts.Identifier): boolean {
  const { parent } = node;
  return ts.isExpression(parent) || (ts.isHeritageClause(parent.parent) && parent.parent.types.length > 0);
}

function importedNames(tree: ts.SourceFile): string[] {
  return tree.statements.filter(ts.isImportDeclaration).flatMap(({ importClause }) => {
    const bindings = importClause?.namedBindings;
    return bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : [];
  });
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
      expect([...files].filter(file => /^(tfjs\.ts|tfjs-core\.ts|layers\/|graph\/)/.test(file))).toEqual([]);
      expect([...packages].filter(name => !name.startsWith('node:'))).toEqual(['node-gyp-build']);
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
    // Whoever is CommonJS requires this package, which a module that awaits forbids.
    expect(awaiting).toEqual([]);
    expect(awaitsAtTop(parse('x.ts', 'export const a = await b;').tree.statements[0]!)).toBe(true);
    expect(awaitsAtTop(parse('x.ts', 'async function a() { await b; }').tree.statements[0]!)).toBe(false);
  });

  test('only declared packages are loaded', () => {
    const card = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
    const allowed = Object.keys(card.dependencies);
    const used = sources
      .flatMap(({ imports }) => imports.filter(({ typeOnly }) => !typeOnly))
      .map(({ specifier }) => specifier)
      .filter(specifier => !specifier.startsWith('.') && !specifier.startsWith('node:'));
    expect(used.filter(name => !allowed.some(one => name === one || name.startsWith(`${one}/`)))).toEqual([]);
  });

  test('every file operation goes through the native table: node:fs is not imported', () => {
    // The one exception, in files and in what runs programs: it sets another package up, before there is any
    // checkpoint.
    const isExempt = (file: string): boolean => file.startsWith('cli/tfjs-node/');
    const found = sources.flatMap(({ file, imports }) =>
      imports
        .filter(({ specifier }) => /^(node:)?(fs|child_process)(\/|$)/.test(specifier))
        .map(({ specifier }) => [file, specifier]),
    );
    expect(found.filter(([file]) => !isExempt(file!))).toEqual([]);
    expect(found.filter(([file]) => isExempt(file!))).not.toEqual([]);
  });

  test('nothing is told by a class of its realm, and no global is used that a test may have faked', () => {
    expect(sources.flatMap(realmBound)).toEqual([]);
    expect(realmBound(parse('x.ts', 'x instanceof Map; x instanceof Tensor;'))).toEqual(['x.ts:1 instanceof Map']);
    expect(realmBound(parse('x.ts', 'Object.getPrototypeOf(x) === Object.prototype'))).toHaveLength(1);
    expect(realmBound(parse('x.ts', 'setTimeout(f, 1)'))).toEqual(['x.ts:1 setTimeout']);
    const imported = "import { setTimeout as later, TextEncoder } from 'node:x'; new TextEncoder(); later(f); x.URL;";
    expect(realmBound(parse('x.ts', imported))).toEqual([]);
    expect(realmBound(parse('x.ts', 'class A { async [Symbol.asyncDispose]() {} }'))).toEqual(['x.ts:1 asyncDispose']);
    expect(realmBound(parse('x.ts', 'async function f() { await using a = b(); }'))).toEqual(['x.ts:1 await using']);
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

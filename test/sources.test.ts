/** What no file of src/ says: `any`, classes of its own realm, globals that tests fake. Also how long a file may be. */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { readSources } from '../tools/imports/graph.mjs';
import { parse } from '../tools/imports/source.mjs';

type Source = ReturnType<typeof parse>;

const sources: Source[] = readSources(fileURLToPath(new URL('../src', import.meta.url)));

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

describe('the text of the sources', () => {
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
    const long = sources.filter(({ file }) => !file.endsWith('_pb.ts')).filter(({ lines }) => lines > 350);
    expect(long.map(({ file }) => file)).toEqual([]);
  });
});

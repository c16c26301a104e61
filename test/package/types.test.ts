/**
 * The published types, dist/*.d.ts: a strict program compiles them, also with skipLibCheck off; they have no internals;
 * and test/types/ holds of them as it does of src/.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import { readSources } from '../../tools/imports/graph.mjs';
import { CHECKOUT } from './pack.js';

const DIST = join(CHECKOUT, 'dist');
const SRC = join(CHECKOUT, 'src');
const TYPES = join(CHECKOUT, 'test', 'types');
const ENTRIES = ['index', 'tfjs', 'optimizers', 'savedmodel', 'register'].map(name => join(DIST, `${name}.d.ts`));

/** A program that imports src/ gets dist/ instead. `change` may rewrite a file before it is compiled. */
function compile(roots: readonly string[], change: (file: string, text: string) => string = (_, text) => text) {
  const { config } = ts.readConfigFile(join(CHECKOUT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, CHECKOUT);
  const strict: ts.CompilerOptions = {
    ...options,
    rootDir: CHECKOUT,
    incremental: false,
    tsBuildInfoFile: undefined,
    noEmit: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
  };
  const host = ts.createCompilerHost(strict);
  const { readFile, getSourceFile } = host;
  host.readFile = file => readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    if (!file.startsWith(TYPES)) return getSourceFile(file, version, ...rest);
    return ts.createSourceFile(file, change(file, readFile(file)!), version, true);
  };
  host.resolveModuleNameLiterals = (literals, from, redirected, given, source) =>
    literals.map(literal => {
      const { text } = literal;
      const name = text.startsWith('../../src/') ? join(DIST, text.slice('../../src/'.length)) : text;
      const mode = ts.getModeForUsageLocation(source, literal, given);
      return ts.resolveModuleName(name, from, given, host, undefined, redirected, mode);
    });
  const program = ts.createProgram(roots, strict, host);
  // TensorFlow.js's own declarations do not compile: only this package's are judged.
  const ours = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(DIST) || fileName.startsWith(TYPES));
  const found = ours.flatMap(file => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  return {
    program,
    files: program.getSourceFiles().map(({ fileName }) => fileName),
    errors: found.map(({ file, start = 0, messageText }) => {
      const { line } = file!.getLineAndCharacterOfPosition(start);
      const place = `${file!.fileName.slice(CHECKOUT.length)}:${line + 1}`;
      return `${place} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    }),
  };
}

const typeTests = readdirSync(TYPES).map(file => join(TYPES, file));

let all: ReturnType<typeof compile>;
beforeAll(() => {
  all = compile([...ENTRIES, ...typeTests]);
});

/** `Class.member` of every member that src/ marks `@internal`. */
function internals(): string[] {
  return readSources(SRC).flatMap(({ tree }) => {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const isInternal = ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
      const { parent } = node;
      if (isInternal && ts.isClassElement(node) && ts.isClassLike(parent))
        found.push(`${parent.name!.text}.${node.name?.getText(tree) ?? 'constructor'}`);
      ts.forEachChild(node, visit);
    };
    visit(tree);
    return found;
  });
}

/** `Class.member` of every class in the published types. */
function published(): string[] {
  return all.program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(DIST))
    .flatMap(file =>
      file.statements
        .filter(ts.isClassDeclaration)
        .flatMap(({ name, members }) =>
          members.map(member => `${name!.text}.${member.name?.getText(file) ?? 'constructor'}`),
        ),
    );
}

test('a strict program compiles them, and what test/types says holds', () => {
  expect(typeTests).toHaveLength(4);
  expect(all.errors).toEqual([]);
});

test('they have none of what is marked as internal', () => {
  const hidden = internals();
  expect(hidden).toEqual(expect.arrayContaining(['Checkpoint.writeManaged', 'Dataset.runs', 'Dataset.constructor']));
  const seen = published();
  expect(seen).toEqual(expect.arrayContaining(['Checkpoint.save', 'Dataset.map', 'CheckpointWriter.add']));
  expect(hidden.filter(name => seen.includes(name))).toEqual([]);
});

test('those of the core name no type of TensorFlow.js', () => {
  const { files, errors } = compile([ENTRIES[0]!]);
  expect(errors).toEqual([]);
  expect(files.filter(file => file.includes('@tensorflow'))).toEqual([]);
  expect(all.files.filter(file => file.includes('@tensorflow'))).not.toEqual([]);
});

test('test/types is judged: each line that must not compile is refused for itself', () => {
  const file = join(TYPES, 'core.test-d.ts');
  const remark = '@ts-expect-error';
  const lines = ts.sys.readFile(file)!.split('\n');
  const refused = lines.flatMap((line, i) => (line.includes(remark) ? [i + 2] : []));
  const claim = 'Same<typeof value, TensorValue>';
  const claimed = lines.findIndex(line => line.includes(claim)) + 1;
  // Without the remarks every such line is an error, and so is a claim that does not hold.
  const change = (text: string): string => text.replaceAll(remark, '').replace(claim, 'Same<typeof value, unknown>');
  const { errors } = compile([file], (_, text) => change(text));
  const wrong = new Set(errors.map(error => Number(/:(\d+) /.exec(error)![1])));
  expect([...refused, claimed].filter(line => !wrong.has(line))).toEqual([]);
  expect([...wrong].filter(line => ![...refused, claimed].includes(line))).toEqual([]);
});

/**
 * Every place of the public API that takes an object of options, found in its types: one that is added is found, too.
 */
import { join } from 'node:path';
import ts from 'typescript';
import { CHECKOUT } from './pack.js';

export interface OptionSite {
  /** `saveModel`, `savedmodel.saveModel`, `new ModelCheckpoint`, `CheckpointReader.open`, `CheckpointReader#read`. */
  readonly name: string;
  /** Of the options that these are in: `writer`, `shards`; `*` for whatever name. */
  readonly path: readonly string[];
  readonly options: readonly string[];
}

const NOT_PUBLIC = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Abstract;
const ENTRIES = ['index.ts', 'tfjs.ts', 'optimizers.ts', 'savedmodel.ts'];
/** Another entry has functions of the same names. */
const PREFIXED = 'savedmodel.ts';

export function optionSites(): OptionSite[] {
  const files = ENTRIES.map(entry => join(CHECKOUT, 'src', entry));
  const { config } = ts.readConfigFile(join(CHECKOUT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, CHECKOUT);
  const program = ts.createProgram(files, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const found = new Map<string, OptionSite>();
  for (const file of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (!(symbol.flags & ts.SymbolFlags.Value)) continue;
      const prefix = file.endsWith(PREFIXED) ? 'savedmodel.' : '';
      for (const { name, signatures } of callables(checker, symbol, prefix + exported.name))
        for (const site of signatures.flatMap(signature => sitesIn(checker, name, signature))) {
          const key = siteKey(site);
          // Overloads may take different ones.
          const options = new Set([...(found.get(key)?.options ?? []), ...site.options]);
          found.set(key, { ...site, options: [...options] });
        }
    }
  }
  return [...found.values()];
}

/** `saveModel`, `saveModel .shards`, `new ModelCheckpoint .writer .shards`. */
export function siteKey({ name, path }: Pick<OptionSite, 'name' | 'path'>): string {
  return [name, ...path].join(' .');
}

interface Callable {
  readonly name: string;
  readonly signatures: readonly ts.Signature[];
}

/** What can be called of an export: it, or its constructor, its static methods and its methods. */
function callables(checker: ts.TypeChecker, symbol: ts.Symbol, name: string): Callable[] {
  const type = checker.getTypeOfSymbol(symbol);
  const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0;
  if (!isClass) return [{ name, signatures: type.getCallSignatures() }];
  const methods = (of: ts.Type, mark: string): Callable[] =>
    of
      .getProperties()
      .filter(property => property.declarations?.some(one => symbol.declarations!.includes(one.parent as never)))
      .filter(property => !isHidden(property))
      .map(property => ({
        name: `${name}${mark}${property.name}`,
        signatures: checker.getTypeOfSymbol(property).getCallSignatures(),
      }));
  const made = type.getConstructSignatures().filter(signature => {
    const { declaration } = signature;
    const isInternal = signature.getJsDocTags().some(tag => tag.name === 'internal');
    return !isInternal && !(declaration && ts.getCombinedModifierFlags(declaration as ts.Declaration) & NOT_PUBLIC);
  });
  const isAbstract = symbol.declarations!.some(
    declaration => ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Abstract,
  );
  return [
    ...(isAbstract ? [] : [{ name: `new ${name}`, signatures: made }]),
    ...methods(type, '.'),
    ...methods(checker.getDeclaredTypeOfSymbol(symbol), '#'),
  ];
}

function isOurs(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some(one => one.getSourceFile().fileName.startsWith(join(CHECKOUT, 'src')));
}

function isHidden(symbol: ts.Symbol): boolean {
  const isInternal = symbol.getJsDocTags().some(({ name }) => name === 'internal');
  const isPrivate = symbol.declarations!.some(one => ts.getCombinedModifierFlags(one) & NOT_PUBLIC);
  return isInternal || isPrivate || /#/.test(symbol.name);
}

function sitesIn(checker: ts.TypeChecker, name: string, signature: ts.Signature): OptionSite[] {
  return signature.getParameters().flatMap(parameter => inType(checker, name, [], checker.getTypeOfSymbol(parameter)));
}

function inType(checker: ts.TypeChecker, name: string, path: readonly string[], given: ts.Type): OptionSite[] {
  const type = checker.getNonNullableType(given);
  if (type.isUnion()) return type.types.flatMap(one => inType(checker, name, path, one));
  // Columns by their names: the configuration of one is what counts.
  const indexed = type.getStringIndexType();
  if (indexed && path.length > 0 && !path.includes('*')) return inType(checker, name, [...path, '*'], indexed);
  if (!isOptions(checker, type, path.length > 0)) return [];
  const properties = type.getProperties();
  const inner = properties.flatMap(property =>
    inType(checker, name, [...path, property.name], checker.getTypeOfSymbol(property)),
  );
  return [{ name, path, options: properties.map(property => property.name) }, ...inner];
}

/**
 * An object of our own declaring that has something to leave out, and no method that it must have; within others, any
 * of this kind.
 */
function isOptions(checker: ts.TypeChecker, type: ts.Type, isInner: boolean): boolean {
  const parts = type.isIntersection() ? type.types : [type];
  const isLiteral = parts.every(({ flags, symbol, aliasSymbol }) => {
    const kinds = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeLiteral;
    // `Omit` of ours is declared in TypeScript's own library; the name that we gave it is ours.
    const isOwn = (one: ts.Symbol | undefined): boolean => one !== undefined && isOurs(one);
    const isObject = (flags & ts.TypeFlags.Object) !== 0 && symbol && (symbol.flags & kinds) !== 0;
    return isObject && (isOwn(symbol) || isOwn(aliasSymbol));
  });
  if (!isLiteral || type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) return false;
  if (checker.getIndexInfosOfType(type).length > 0) return false;
  const properties = type.getProperties();
  const isOptional = ({ flags }: ts.Symbol): boolean => (flags & ts.SymbolFlags.Optional) !== 0;
  const isCalled = (property: ts.Symbol): boolean => checker.getTypeOfSymbol(property).getCallSignatures().length > 0;
  if (properties.some(one => (isCalled(one) && !isOptional(one)) || one.name.startsWith('__@'))) return false;
  return properties.some(isOptional) || (isInner && properties.length > 0);
}

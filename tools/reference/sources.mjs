/** The sources as the compiler sees them, without the packages that they import: those would take seconds to read. */
import { join } from 'node:path';
import ts from 'typescript';
import { fileComment } from './comments.mjs';

/** @param {string} checkout @param {readonly string[]} entries Files of src/. */
export function readSources(checkout, entries) {
  const files = entries.map(entry => join(checkout, 'src', entry));
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noLib: true,
    noEmit: true,
    types: [],
  };
  const host = ts.createCompilerHost(options, true);
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) =>
      text.startsWith('.')
        ? ts.resolveModuleName(text, from, options, host, undefined, undefined, ts.ModuleKind.ESNext)
        : { resolvedModule: undefined },
    );
  const program = ts.createProgram(files, options, host);
  const checker = program.getTypeChecker();
  return new Sources(program, checker, files);
}

export class Sources {
  /** @type {ts.Program} */
  #program;
  /** @type {ts.TypeChecker} */
  #checker;
  /** @type {readonly string[]} */
  #files;

  constructor(program, checker, files) {
    this.#program = program;
    this.#checker = checker;
    this.#files = files;
  }

  /**
   * The exports of an entry point by name: the declarations of each, and its file's own comment.
   *
   * @param {number} number
   * @returns {{ exports: Map<string, ts.Declaration[]>, comment: string }}
   */
  entry(number) {
    const source = this.#program.getSourceFile(this.#files[number]);
    const exports = new Map();
    const module = this.#checker.getSymbolAtLocation(source);
    // A file that exports nothing (register.ts) has no symbol, but has a comment.
    for (const symbol of module ? this.#checker.getExportsOfModule(module) : []) {
      exports.set(symbol.name, this.#target(symbol).declarations);
    }
    return { exports, comment: fileComment(source) };
  }

  /** The declarations of a name in a type or a heritage clause; none for names of other packages. */
  declarationsOf(name) {
    const symbol = this.#checker.getSymbolAtLocation(name);
    return symbol ? (this.#target(symbol).declarations ?? []) : [];
  }

  #target(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }
}

/**
 * What one source file imports and exports, according to TypeScript's parser. Nothing is resolved and no type is
 * checked, so all of src/ takes less than a second.
 */
import ts from 'typescript';

/**
 * @typedef {object} Import
 * @property {string} specifier as it is written: './key.js', 'node:path'
 * @property {boolean} typeOnly the compiler erases it, so it loads nothing when the program runs
 * @property {readonly string[] | null} names what is taken from there; null if that is not known, so that all of it may
 * be
 *
 * @typedef {object} Source
 * @property {string} file with slashes, from the folder of all sources: 'format/table.ts'
 * @property {number} lines
 * @property {Import[]} imports
 * @property {string[]} exports names; what `export * from` passes on is not among them
 * @property {ts.SourceFile} tree
 */

/** @param {ts.NamedImports | ts.NamedExports} named */
function namesIn(named) {
  return named.elements.map(element => (element.propertyName ?? element.name).text);
}

/**
 * @param {ts.ImportDeclaration} node
 * @returns {Import}
 */
function declaredImport({ importClause, moduleSpecifier }) {
  const specifier = /** @type {ts.StringLiteral} */ (moduleSpecifier).text;
  const bindings = importClause?.namedBindings;
  const named = bindings && ts.isNamedImports(bindings) ? bindings : undefined;
  const elements = named?.elements ?? [];
  const onlyTypes = elements.length > 0 && !importClause?.name && elements.every(element => element.isTypeOnly);
  const typeOnly = importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword || onlyTypes;
  if (!importClause) return { specifier, typeOnly: false, names: [] };
  return { specifier, typeOnly, names: named && !importClause.name ? namesIn(named) : null };
}

/**
 * @param {ts.ExportDeclaration} node
 * @returns {Import[]}
 */
function passedOn({ exportClause, moduleSpecifier, isTypeOnly }) {
  if (!moduleSpecifier) return [];
  const specifier = /** @type {ts.StringLiteral} */ (moduleSpecifier).text;
  if (!exportClause || !ts.isNamedExports(exportClause)) return [{ specifier, typeOnly: isTypeOnly, names: null }];
  const { elements } = exportClause;
  const typeOnly = isTypeOnly || (elements.length > 0 && elements.every(element => element.isTypeOnly));
  return [{ specifier, typeOnly, names: namesIn(exportClause) }];
}

/**
 * `import(…)`, `require(…)`, and the type `import('…').Name`.
 *
 * @param {ts.Node} node
 * @param {ts.SourceFile} tree
 * @returns {Import[]}
 */
function inlineImport(node, tree) {
  if (ts.isCallExpression(node)) {
    const [argument] = node.arguments;
    const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText(tree) === 'require';
    if (!loads || !argument || !ts.isStringLiteralLike(argument)) return [];
    return [{ specifier: argument.text, typeOnly: false, names: null }];
  }
  if (!ts.isImportTypeNode(node) || !ts.isLiteralTypeNode(node.argument)) return [];
  const { literal } = node.argument;
  if (!ts.isStringLiteralLike(literal)) return [];
  const first = node.qualifier?.getText(tree).split('.')[0];
  return [{ specifier: literal.text, typeOnly: true, names: first === undefined ? null : [first] }];
}

/** @param {ts.SourceFile} tree */
function importsOf(tree) {
  /** @type {Import[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = node => {
    if (ts.isImportDeclaration(node)) found.push(declaredImport(node));
    else if (ts.isExportDeclaration(node)) found.push(...passedOn(node));
    else found.push(...inlineImport(node, tree));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** @param {ts.Statement} statement */
function isExported(statement) {
  if (!ts.canHaveModifiers(statement)) return false;
  return ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

/** @param {ts.BindingName} name @returns {string[]} */
function boundNames(name) {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap(element => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

/** @param {ts.Statement} statement @returns {string[]} */
function exportedNames(statement) {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    return exportClause && ts.isNamedExports(exportClause) ? exportClause.elements.map(({ name }) => name.text) : [];
  }
  if (!isExported(statement)) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const { name } = /** @type {ts.DeclarationStatement} */ (statement);
  return name && ts.isIdentifier(name) ? [name.text] : [];
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {Source}
 */
export function parse(file, text) {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  return {
    file,
    // As `wc -l` counts.
    lines: text.split('\n').length - 1,
    imports: importsOf(tree),
    exports: [...new Set(tree.statements.flatMap(exportedNames))],
    tree,
  };
}

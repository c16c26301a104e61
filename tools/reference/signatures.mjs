/** Declarations as a reader needs them: without bodies and without what is not public. */
import ts from 'typescript';
import { commentOf } from './comments.mjs';

const LEFT_OUT = new Set([
  ts.SyntaxKind.ExportKeyword,
  ts.SyntaxKind.AsyncKeyword,
  ts.SyntaxKind.OverrideKeyword,
  ts.SyntaxKind.DeclareKeyword,
  ts.SyntaxKind.PublicKeyword,
]);
const HIDDEN = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;

export function isPublic(member) {
  if (ts.getCombinedModifierFlags(member) & HIDDEN) return false;
  if (member.name && (ts.isPrivateIdentifier(member.name) || member.name.getText().startsWith('_'))) return false;
  return !ts.isClassStaticBlockDeclaration(member) && !commentOf(member).isInternal;
}

/** The text of a function, a method, an accessor, a property or a type, without its comment, its body and its value. */
export function signatureOf(node) {
  const source = node.getSourceFile();
  const text = source.getFullText();
  const kept = (node.modifiers ?? []).filter(one => !LEFT_OUT.has(one.kind) && !ts.isDecorator(one));
  const first = firstAfterModifiers(node, source);
  const valueless = ts.isPropertyDeclaration(node) && node.type ? node.initializer : undefined;
  const end = node.body?.getFullStart() ?? (valueless ? node.type.getEnd() : node.getEnd());
  const plain = withoutComments(text.slice(first, end))
    .trim()
    .replace(/^\*|;$/g, '');
  const { character } = source.getLineAndCharacterOfPosition(node.getStart());
  return dedent([...kept.map(one => one.getText()), plain].join(' '), character);
}

/** `class A extends B`. */
export function headOf(node) {
  const text = node.getSourceFile().getFullText();
  const first = firstAfterModifiers(node, node.getSourceFile());
  const isAbstract = (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Abstract) !== 0;
  const head = text.slice(first, text.indexOf('{', headEnd(node))).trim();
  return `${isAbstract ? 'abstract ' : ''}${withoutComments(head)}`;
}

function headEnd(node) {
  const last = node.heritageClauses?.at(-1) ?? node.typeParameters?.at(-1) ?? node.name;
  return last.getEnd();
}

function firstAfterModifiers(node, source) {
  const last = node.modifiers?.at(-1);
  return last ? ts.skipTrivia(source.getFullText(), last.getEnd()) : node.getStart(source);
}

function withoutComments(text) {
  return text
    .replace(/^\s*\/\*\*.*?\*\/\n/gms, '')
    .replace(/\/\*\*.*?\*\/\s*/gs, '')
    .replace(/^\s*\/\/.*\n/gm, '');
}

/** Removes the indentation of the declaration from the lines after the first. */
function dedent(text, depth) {
  const [first, ...rest] = text.split('\n');
  return [first, ...rest.map(line => line.slice(Math.min(depth, /^ */.exec(line)[0].length)))].join('\n');
}

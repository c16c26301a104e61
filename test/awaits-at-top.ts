import ts from 'typescript';

/** Whether loading a module waits for this statement. */
export function awaitsAtTop(node: ts.Node): boolean {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  return ts.isAwaitExpression(node) || (ts.forEachChild(node, child => awaitsAtTop(child) || undefined) ?? false);
}

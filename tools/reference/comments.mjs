/** Takes docstrings apart. */
import ts from 'typescript';

/** @returns {{ text: string, throws: string[], examples: string[], isInternal: boolean }} */
export function commentOf(node) {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const doc = docs.at(-1);
  const said = { text: '', throws: [], examples: [], isInternal: false };
  if (!doc) return said;
  said.text = textOf(doc.comment);
  for (const tag of doc.tags ?? []) {
    const text = textOf(tag.comment);
    const name = tag.tagName.text;
    if (name === 'internal' || name === 'hidden') said.isInternal = true;
    else if (name === 'throws') said.throws.push(text);
    else if (name === 'example') said.examples.push(text);
    else if (name === 'returns') said.text += `\n\nReturns ${text}`;
    else if (name === 'param') said.text += `\n\n- \`${tag.name.getText()}\`: ${text.replace(/^- /, '')}`;
    else throw new Error(`@${name} is not known to the reference pages: ${node.getText().slice(0, 80)}`);
  }
  return said;
}

function textOf(comment) {
  return (ts.getTextOfJSDocComment(comment) ?? '').trim();
}

/** The first comment of a file, without its marks. */
export function fileComment(source) {
  const text = source.getFullText();
  const [first] = ts.getLeadingCommentRanges(text, 0) ?? [];
  if (!first) return '';
  return text
    .slice(first.pos + 3, first.end - 2)
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}

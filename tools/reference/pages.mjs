/** The pages of docs/api/, made in memory: one per entry point, and the command line. */
import ts from 'typescript';
import { Exported } from './exported.mjs';
import { paragraphs, wrapLinks } from './prose.mjs';

const NOTE = 'This page is made from the sources by `npm run docs`. Do not edit it by hand.';

const UNNAMED = 'They appear in the signatures above. TypeScript knows them; a program cannot import them by name.';

const same = text => text;
/** The style of help texts on a page: no style. */
export const PLAIN = { bold: same, dim: same, good: same, bad: same, type: same };

export const ENTRIES = [
  { page: 'tensorbundle.md', title: 'tensorbundle', source: 'index.ts' },
  { page: 'tfjs.md', title: 'tensorbundle/tfjs', source: 'tfjs.ts' },
  { page: 'optimizers.md', title: 'tensorbundle/optimizers', source: 'optimizers.ts' },
  { page: 'savedmodel.md', title: 'tensorbundle/savedmodel', source: 'savedmodel.ts' },
  { page: 'register.md', title: 'tensorbundle/register', source: 'register.ts' },
];

/**
 * The pages by their names in docs/api/.
 *
 * @param {import('./sources.mjs').Sources} sources
 * @param {{ program: string, commands: readonly { name: string, help: string }[] }} help What `--help` prints.
 * @returns {Map<string, string>}
 */
export function referencePages(sources, help) {
  const pages = new Map();
  const elsewhere = new Map();
  /** What has a section, by its declaration: two entry points may export different things under one name. */
  const explained = new Set();
  for (const [number, { page, title }] of ENTRIES.entries()) {
    const { exports, comment } = sources.entry(number);
    // What several entry points export is explained on the page of the first one.
    const isRepeated = ([, [declaration]]) => explained.has(declaration);
    const repeated = [...exports].filter(isRepeated).map(([name]) => name);
    const own = new Map([...exports].filter(one => !isRepeated(one)));
    const exported = new Exported(sources, own, elsewhere);
    pages.set(page, entryPage({ title, comment, exports: own, exported, repeated, elsewhere }));
    for (const [name, [declaration]] of own) {
      explained.add(declaration);
      if (!elsewhere.has(name)) elsewhere.set(name, page);
    }
  }
  pages.set('command-line.md', commandLinePage(help));
  return pages;
}

function entryPage({ title, comment, exports, exported, repeated, elsewhere }) {
  const parts = [`# ${title}`, introduction(comment)];
  const sorted = [...exports].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const kind of ['Functions', 'Classes', 'Types']) {
    const names = sorted.filter(([, [node]]) => kindOf(node) === kind);
    if (names.length === 0) continue;
    const contents = names.map(([name]) => `[${name}](#${name.toLowerCase()})`).join(', ');
    parts.push(
      `## ${kind}`,
      wrapLinks(contents),
      ...names.map(([name, declarations]) => exported.section(name, declarations)),
    );
  }
  const unnamed = exported.unnamed();
  if (unnamed.length > 0) parts.push('## Types that are not exported', UNNAMED, ...unnamed);
  if (repeated.length > 0) {
    const links = repeated.map(name => `- [${name}](${elsewhere.get(name)}#${name.toLowerCase()})`);
    parts.push('## Also exported here', links.join('\n'));
  }
  return `${[...parts, '---', NOTE].join('\n\n')}\n`;
}

function kindOf(node) {
  if (ts.isClassDeclaration(node)) return 'Classes';
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ? 'Types' : 'Functions';
}

/** A file's comment: prose, and its example as code. */
function introduction(comment) {
  const [prose, ...examples] = comment.split(/^@example\n/m);
  return [paragraphs(prose), ...examples.map(example => `\`\`\`js\n${example.trim()}\n\`\`\``)].join('\n\n');
}

function commandLinePage({ program, commands }) {
  const fence = text => `\`\`\`text\n${text.trim()}\n\`\`\``;
  const sections = commands.map(({ name, help }) => `## ${name}\n\n${fence(help)}`);
  const parts = ['# The command line', 'What `tensorbundle --help` prints:', fence(program), ...sections, '---', NOTE];
  return `${parts.join('\n\n')}\n`;
}

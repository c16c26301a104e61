/**
 * The code of a Markdown page, and what the page says it prints: in comments that begin with an arrow (`// → 3
 * variables`), or, where that is long, in a `text` block after the code. Line breaks do not count, so that a page can
 * wrap.
 */

const LANGUAGES = ['python', 'js'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Block {
  readonly language: Language;
  readonly code: string;
  /** Line of the page on which the code begins. */
  readonly line: number;
  /** What it prints, as the page states it; empty if it prints nothing. */
  readonly prints: string;
}

interface Fence {
  readonly language: string;
  readonly code: string;
  readonly line: number;
}

/** Words with single spaces between them. */
export function words(text: string): string {
  return text.trim().split(/\s+/).join(' ');
}

function fencesOf(page: string): Fence[] {
  const fences: Fence[] = [];
  let open: { language: string; lines: string[]; line: number } | null = null;
  for (const [index, text] of page.split('\n').entries()) {
    const [, language] = /^\s*(?:```|~~~)(.*)$/.exec(text) ?? [];
    if (language === undefined) open?.lines.push(text);
    else if (open === null) open = { language, lines: [], line: index + 2 };
    else {
      fences.push({ language: open.language, code: `${open.lines.join('\n')}\n`, line: open.line });
      open = null;
    }
  }
  if (open !== null) throw new Error(`the block that begins in line ${open.line} has no end`);
  return fences;
}

function isLanguage(language: string): language is Language {
  return (LANGUAGES as readonly string[]).includes(language);
}

/** Throws for a block that is neither code that can be run nor the output of the code before it: nothing is skipped. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  for (const { language, code, line } of fencesOf(page)) {
    if (isLanguage(language)) {
      const stated = [...code.matchAll(/^\s*(?:\/\/|#) → (.*)$/gm)].map(match => match[1]!);
      blocks.push({ language, code, line, prints: words(stated.join(' ')) });
      continue;
    }
    const last = blocks.pop();
    if (language !== 'text' || last === undefined || last.prints !== '') {
      throw new Error(`line ${line}: '${language}' is no code, nor what the block before it prints`);
    }
    blocks.push({ ...last, prints: words(code) });
  }
  return blocks;
}

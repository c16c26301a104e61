/**
 * Finds phrases that make a reader stop, in documents and in the comments, errors and help texts of everything but the
 * tests. Such a sentence should be rewritten in plain words. A phrase is also found across the end of a line.
 */

/** @typedef {import('./files.mjs').TextFile} TextFile */
/** @typedef {import('./files.mjs').Finding} Finding */

const NOUN =
  '(?:batch|call|checkpoint|column|cycle|directory|element|entry|epoch|file|folder|function|key|language|layer|line|' +
  'manager|model|name|node|object|path|process|program|record|row|save|shard|step|subcommand|tensor|thread|variable|' +
  'version)s?';
/** Words with which 'one … a file' means something else. */
const PREPOSITION =
  '(?:about|as|at|by|for|from|if|in|into|is|of|on|or|over|such|than|that|to|under|when|where|with|without)';

/** What not to write, and what to write instead. @type {readonly (readonly [RegExp, string])[]} */
const PHRASES = [
  [
    /(?<!\bthere (?:\w+ )?)\b(?:is|are|was|were|be) no (?!longer\b|more\b|less\b|later\b|\w+er than\b)/gi,
    "'is not a …'",
  ],
  [/(?<!\bthere )\b(?:is|are|was|were) nothing (?:to|that|but|of)\b/gi, "'is not something …', 'is only …'"],
  [/\bwho(?:m?ever|mso)\b/gi, "'a caller that', 'any process that'"],
  [/, whom?\b/g, "'a caller that': a new sentence, with its own subject"],
  [/\b(?:for|unless|by|from|if|but|than) who\b/gi, "'for a caller that', 'unless the caller that'"],
  [/(?:[.;:]|\/\*\*|\/\/) who (?!am|are|is|was|were)/gi, "'a caller that'"],
  [new RegExp(`(?<!with )(?<!without )\\bone an? ${NOUN}\\b`, 'gi'), "'one per …'"],
  [new RegExp(`\\bone (?:(?!${PREPOSITION} )\\w+ ){1,2}an? (?:\\w+ )?${NOUN}\\b`, 'gi'), "'one … per …'"],
  [/\bof (?:the user|users)'s?(?= own\b)?/gi, "'user-defined', 'that the user wrote'"],
  [/\b(?:ends?|ended|all is|all was|goes|went) well\b/gi, "'succeeds', 'without an error'"],
  [/\b(?:that|which) (?:is|are) none\b|\bis none of (?:its|the)\b/gi, "'is not a …', 'is not one of …'"],
  [/\bso (?:many|much|long|often|few|soon)(?: \w+)? as\b/gi, "'as many … as'"],
  [/\b(?:is|are) (?:not )?to be had\b/gi, "'cannot be had', 'is not available'"],
  [/\bthat which\b/gi, "'what'"],
];

/**
 * A space in a phrase may also be the end of a line, with the mark that begins the next line of a comment or quotation.
 */
const SPACE = '(?:[ \\t]+|[ \\t]*\\n[ \\t]*(?:\\*|//|>|#)?[ \\t]*)';

const PATTERNS = PHRASES.map(([phrase, instead]) => ({
  pattern: new RegExp(phrase.source.replaceAll(' ', SPACE), phrase.flags),
  instead,
}));

/** Whether a file is checked: those that people read. @param {string} file */
export function isProse(file) {
  // This list itself has the phrases.
  if (file === 'tools/lint/words.mjs') return false;
  return file.endsWith('.md') || /^(src|native|docs|bench|tools|proto|\.github)\//.test(file);
}

/**
 * @param {TextFile} file
 * @returns {Finding[]}
 */
export function tics({ file, text }) {
  return PATTERNS.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map(match => {
      const found = match[0].replace(/\s+([*>#]|\/\/)?\s*/g, ' ').trim();
      const line = text.slice(0, match.index).split('\n').length;
      return { file, line, message: `'${found}': write ${instead}` };
    }),
  ).sort((a, b) => a.line - b.line);
}

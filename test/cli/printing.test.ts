/** Whatever a file, a name or an argument holds: nothing reaches a terminal that it would obey, hide or reorder by. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { padded, visible, visibleJson, visibleLines, widthOf } from '../../src/cli/terminal/printable.js';
import { columns, makeStyle, painted } from '../../src/cli/terminal/style.js';
import { CheckpointWriter } from '../../src/index.js';
import { isDeep } from '../depth.js';
import { flipBitOf } from './checkpoints.js';
import { hasTerminal, makeDirectory, type Outcome, onTerminal, run } from './program.js';

const range = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));

/** All or some of each class. NUL and the slash are in no file name. */
const CLASSES: Record<string, string[]> = {
  C0: range(0x01, 0x1f),
  'DEL and C1': range(0x7f, 0x9f),
  'bidirectional marks': ['\u061c', '\u200e', '\u200f', ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)],
  'zero widths': ['\u00ad', '\u180e', '\u200b', '\u200c', '\u200d', ...range(0x2060, 0x2064), '\ufeff', '\u034f'],
  separators: ['\u2028', '\u2029', '\u00a0', '\u2003', '\u3000'],
  fillers: ['\u115f', '\u1160', '\u3164', '\uffa0', '\ufe0f', '\u{e0100}', '\u{1d173}'],
  tags: ['\u{e0001}', '\u{e0041}', '\u{e007f}'],
  'what is no character': ['\ufdd0', '\ufffe', '\u{10ffff}', '\ue000', '\u{f0000}', '\ufff9', '\u0378'],
};
const HOSTILE = Object.values(CLASSES).flat();
/** Escape sequences at full length: colours that are the program's own too, a title, a cleared screen, a link. */
const SEQUENCES = '\u001b[31m\u001b[1m\u001b]0;owned\u0007\u001b[2J\u009b31m\u001b]8;;x\u001b\\y\r\u001b[K';

/**
 * Said apart from the program: letters, marks, numbers, punctuation, symbols, the space, the line feed; none that is
 * not to be seen.
 */
const ALLOWED = /^(?:[\n \p{L}\p{M}\p{N}\p{P}\p{S}](?<!\p{Default_Ignorable_Code_Point}))*$/u;
const foreign = (text: string): string[] =>
  [...text].filter(character => !ALLOWED.test(character)).map(character => character.codePointAt(0)!.toString(16));
/**
 * Without what the program itself steers a terminal by, a bar that it drew and removed, and the line ends of the
 * terminal.
 */
const unstyled = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about
    .replace(/\r\u001b\[K[█░]+ [ \d]+% {2}[ -~]*(?=\r\u001b\[K)/g, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about
    .replace(/\u001b\[(?:1|22|2|31|32|36|39)m|\r\u001b\[K/g, '')
    .replaceAll('\r\n', '\n');

describe('any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...HOSTILE, ...'ab"\\\n\0\ud800\udc00é重🙂')).map(all => all.join('')),
  );

  test('is printable, and stays what it was where there was nothing to hide', () => {
    fc.assert(
      fc.property(text, value => {
        expect(foreign(visible(value))).toEqual([]);
        expect(visible(value)).not.toContain('\n');
        expect(visible(visible(value))).toBe(visible(value));
        const parts = (lines: string): string[] => lines.split(/[\t\n]/);
        expect(parts(visibleLines(value))).toEqual(parts(value).map(visible));
        expect(painted(value)).toBe(visibleLines(value));
        if (ALLOWED.test(value) && !value.includes('\n')) expect(visible(value)).toBe(value);
      }),
      { numRuns: 2000, seed: 12 },
    );
    for (const character of HOSTILE)
      expect(visible(`a${character}b`)).toMatch(/^a\\(u[0-9a-f]{4}|u\{[0-9a-f]{5,6}\}|n|t)b$/);
  });

  test('is the same value in JSON', () => {
    fc.assert(
      fc.property(text, value => {
        const json = visibleJson(JSON.stringify({ [value]: value }, null, 2));
        expect(foreign(json)).toEqual([]);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [value]: value })));
      }),
      { numRuns: 2000, seed: 13 },
    );
  });

  test('every code point there is', () => {
    const bad: number[] = [];
    for (let code = 0; code < 0x110000; code++) {
      const character = String.fromCodePoint(code);
      const shown = visible(character);
      if (!ALLOWED.test(shown) || (ALLOWED.test(character) && character !== '\n') !== (shown === character))
        bad.push(code);
    }
    expect(bad).toEqual([]);
  });

  test('cannot pass for a style', () => {
    const style = makeStyle(true);
    expect(painted(style.bad(SEQUENCES))).toBe(`\u001b[31m${visible(SEQUENCES)}\u001b[39m`);
    expect(painted(makeStyle(false).bad(SEQUENCES))).toBe(visible(SEQUENCES));
  });
});

describe('columns', () => {
  test('are as wide as a terminal has it, for every character that Python knows', () => {
    const program = fileURLToPath(new URL('widths.py', import.meta.url));
    const python = fileURLToPath(new URL('../../.tools/venv/bin/python', import.meta.url));
    const theirs = JSON.parse(execFileSync(python, [program], { encoding: 'utf8', maxBuffer: 2 ** 26 })) as (
      | number
      | null
    )[];
    const compared = theirs.flatMap((width, code) => {
      const character = String.fromCodePoint(code);
      // A few marks take a place since a later Unicode.
      const isOther = width === 0 && /\p{Mc}/u.test(character);
      return width === null || isOther || visible(character) !== character
        ? []
        : [{ code, width, ours: widthOf(character) }];
    });
    expect(compared.length).toBeGreaterThan(100_000);
    expect(compared.filter(({ width, ours }) => width !== ours)).toEqual([]);
  });

  test('stay in line', () => {
    const cells = ['abc', '重み', 'e\u0301\u0302', '🙂x', visible('\u202e'), 'ｆｕｌｌ', ''];
    for (const line of columns(cells.map(cell => [cell, '|'])))
      expect(widthOf(line.slice(0, line.indexOf('|')))).toBe(10);
    expect(padded('重', 4)).toBe('重  ');
    expect(padded('重', 4, true)).toBe('  重');
    expect(padded('重', 1)).toBe('重');
  });
});

/** A pipe as well in the deep run. */
const WAYS: readonly (readonly [name: string, isTerminal: boolean])[] = [
  ['on a terminal', true],
  ['on a pipe', false],
];

describe.each(isDeep ? WAYS : WAYS.slice(0, 1))('the program %s', (_name, isTerminal) => {
  let directory: Awaited<ReturnType<typeof makeDirectory>>;
  /** Directories, a checkpoint, tensors and texts with all of these in their names. */
  let home: string;
  let prefix: string;
  let bad: string;
  const names = [...Object.values(CLASSES).map(all => `t/${all.join('')}重/w`), `${SEQUENCES}\0`, 'plain'];

  beforeAll(async () => {
    directory = await makeDirectory();
    home = directory.in(
      Object.values(CLASSES)
        .map(all => `d${all.join('')}`)
        .join('/'),
    );
    await mkdir(home, { recursive: true });
    prefix = join(home, `m${SEQUENCES.replaceAll('/', '')}`);
    bad = join(home, 'bad\u202e');
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    for (const one of [prefix, bad]) {
      const writer = new CheckpointWriter(one);
      for (const name of names) writer.add(name, { dtype: 'float32', shape: [1], data: Float32Array.of(1) });
      const texts = [...HOSTILE.map(character => `a${character}`), SEQUENCES, '\0', `${'x'.repeat(199)}🙂\u202e`];
      writer.add('texts', { dtype: 'string', shape: [texts.length], data: texts.map(encode) });
      await writer.finish();
    }
    await flipBitOf(bad, names[0]!);
    const octal = [...encode(basename(prefix))].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    await writeFile(
      join(home, 'checkpoint'),
      `model_checkpoint_path: "${octal}"\nall_model_checkpoint_paths: "${octal}"\n`,
    );
  });
  afterAll(() => directory.remove());

  const start = (args: string[], env: Record<string, string> = {}): Outcome =>
    isTerminal ? onTerminal(args, env) : run(args, env);
  const clean = ({ out, err }: Outcome): string => {
    // In a pipe `ls` has tabs between the fields, and none in a name: as many in every line.
    const tabs = new Set((isTerminal ? '' : out.trimEnd()).split('\n').map(line => line.split('\t').length));
    expect(tabs.size).toBe(1);
    const text = isTerminal ? unstyled(out + err) : out.replaceAll('\t', ' ') + err;
    expect(foreign(text)).toEqual([]);
    return text;
  };
  const evil = HOSTILE.filter(character => character !== '\n').join('') + SEQUENCES;

  const commands: [string, number, () => string[]][] = [
    ['ls', 0, () => ['ls', prefix]],
    ['ls --tree --long', 0, () => ['ls', '--tree', '--long', prefix]],
    ['ls --flat --long', 0, () => ['ls', '--flat', '--long', prefix]],
    ['show', 0, () => ['show', prefix, names[0]!]],
    ['show a name of sequences', 0, () => ['show', prefix, 'plain']],
    ['show texts', 0, () => ['show', prefix, 'texts', '--limit', '1000']],
    ['verify', 0, () => ['verify', prefix]],
    ['verify what is damaged', 1, () => ['verify', bad, prefix]],
    ['copy', 0, () => ['copy', prefix, join(home, 'copy\u202e\u200b')]],
    ['copy what is damaged', 1, () => ['copy', bad, join(home, 'no\u202e')]],
    ['merge', 0, () => ['merge', join(home, 'merged\u009b'), prefix]],
    ['merge the same twice', 1, () => ['merge', join(home, 'twice\u009b'), prefix, prefix]],
    ['latest --valid', 0, () => ['latest', '--valid', home]],
    ['a directory without any', 1, () => ['latest', directory.in('')]],
    ['no such checkpoint', 1, () => ['ls', join(home, `none${SEQUENCES}`)]],
    ['no such tensor', 1, () => ['show', prefix, evil]],
    ['names that are near', 1, () => ['show', prefix, 't/']],
    ['an unknown command', 2, () => [evil]],
    ['help of what is no command', 2, () => ['help', evil]],
    ['an unknown option', 2, () => ['ls', `--${evil}`, prefix]],
    ['too many arguments', 2, () => ['ls', prefix, evil]],
    ['a number that is none', 2, () => ['show', prefix, 'plain', '--limit', evil]],
    ['a size that is none', 2, () => ['copy', prefix, 'x', '--max-bytes', evil]],
    ['help', 0, () => ['help']],
    ...['ls', 'show', 'verify', 'copy', 'merge', 'latest'].map((name): [string, number, () => string[]] => [
      `${name} --help`,
      0,
      () => [name, '--help'],
    ]),
  ];

  describe.skipIf(isTerminal && !hasTerminal)('prints nothing but text:', () => {
    test.each(commands)('%s', (name, code, args) => {
      // In a pipe the path that `latest` prints is for programs.
      const isRaw = name === 'latest --valid' && !isTerminal;
      const outcome = start(args());
      expect(outcome.code, outcome.err).toBe(code);
      if (isRaw) expect(outcome).toEqual({ code, out: `${prefix}\n`, err: '' });
      else expect(clean(outcome)).not.toBe('');
    });

    test.each(commands.filter(([name]) => !name.includes('help')))('%s --json', (_name, code, args) => {
      const outcome = start([...args(), '--json']);
      expect(outcome.code, outcome.out).toBe(code);
      expect(JSON.parse(clean(outcome))).toBeTypeOf('object');
    });
  });

  test.skipIf(isTerminal && !hasTerminal)('says in JSON exactly what there is', () => {
    const json = (args: string[]): unknown => JSON.parse(clean(start([...args, '--json'])));
    expect(json(['latest', home])).toEqual({ path: prefix });
    expect(json(['ls', prefix])).toMatchObject({
      prefix,
      tensors: expect.arrayContaining(names.map(name => expect.objectContaining({ name }))),
    });
    expect(json(['show', prefix, names[1]!])).toMatchObject({ name: names[1] });
    const { values } = json(['show', prefix, 'texts']) as { values: { utf8: string }[] };
    expect(values.slice(0, HOSTILE.length).map(({ utf8 }) => utf8)).toEqual(HOSTILE.map(character => `a${character}`));
  });

  test.skipIf(isTerminal && !hasTerminal)('warnings and errors that nobody foresaw go the same way', () => {
    // As soon as the program listens, and while it works.
    const script = (code: string): string =>
      `--import=data:text/javascript,${encodeURIComponent(
        `const evil = ${visibleJson(JSON.stringify(evil))};
        process.on('newListener', name => name === 'uncaughtException' && setImmediate(() => { ${code} }));`,
      )}`;
    const warning = script('process.emitWarning(evil, "Name" + evil)');
    const warned = start(['verify', prefix], { NODE_OPTIONS: warning });
    expect(warned.code).toBe(0);
    expect(clean(warned)).toMatch(/Name.*owned/);
    const thrown = start(['verify', prefix], { NODE_OPTIONS: script('throw new Error(evil)') });
    expect(thrown.code).toBe(3);
    expect(clean(thrown)).toMatch(/error: .*owned/);
    const quiet = start(['verify', prefix], {
      NODE_OPTIONS: `--no-warnings ${warning}`,
    });
    expect(clean(quiet)).not.toContain('Name');
  });
});

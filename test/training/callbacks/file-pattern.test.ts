/** File patterns beside Python's `str.format`, which Keras uses. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TensorBundleError } from '../../../src/errors.js';
import { FilePattern } from '../../../src/training/callbacks/file-pattern.js';
import { Choices } from '../../layers/random-numbers.js';

const PROGRAM = fileURLToPath(new URL('file-pattern.py', import.meta.url));
const PYTHON = fileURLToPath(new URL('../../../.tools/venv/bin/python', import.meta.url));

type Case = [pattern: string, ints: Record<string, number>, floats: Record<string, string>];

function python(cases: readonly Case[]): (string | null)[] {
  return JSON.parse(
    execFileSync(PYTHON, [PROGRAM], { input: JSON.stringify(cases), encoding: 'utf8', maxBuffer: 1 << 26 }),
  );
}

function ours([pattern, ints, floats]: Case): string | null {
  const int = (value: number) => ({ value, kind: 'int' }) as const;
  const float = (text: string) =>
    ({ value: text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text), kind: 'float' }) as const;
  const values = {
    ...Object.fromEntries(Object.entries(ints).map(([name, value]) => [name, int(value)])),
    ...Object.fromEntries(Object.entries(floats).map(([name, value]) => [name, float(value)])),
  };
  try {
    return new FilePattern(pattern).path(values);
  } catch (error) {
    if (error instanceof TensorBundleError && error.code === 'ERR_FILENAME_PATTERN') return null;
    throw error;
  }
}

const FLOATS = [
  0, -0, 0.5, 1.5, 2.5, 0.125, 0.375, 1, 100, 123456, 1234567, 1e16, 1e15, 9.5, 99.95, 0.00012345, 1e-5, 1e22, 5e-324,
]
  .map(String)
  .concat(['-0.0', 'nan', 'inf', '-inf', '1.7976931348623157e308', '0.1', '0.30000000000000004', '-2.675', '65504']);

it('5,000 seeded patterns and numbers', () => {
  const random = new Choices(3);
  const spec = (): string =>
    random.one(['', '', '*>', '<', '^', '=', '0=', 'é^', '>']) +
    random.one(['', '', '+', ' ', '-']) +
    random.one(['', '', '0']) +
    random.one(['', '', '1', '4', '9', '12']) +
    random.one(['', '', '', ',']) +
    random.one(['', '', '.0', '.1', '.2', '.3', '.8', '.17']) +
    random.one(['', 'd', 'f', 'e', 'g', '%', 'F', 'E', 'G']);
  const float = (): string => {
    if (random.chance(0.3)) return random.one(FLOATS);
    const digits = random.whole(-1_000_000, 1_000_000);
    return String(digits * 10 ** random.whole(-12, 12));
  };
  const cases = Array.from({ length: 5000 }, (): Case => {
    const field = random.one(['epoch', 'batch', 'val_loss', 'acc']);
    return [
      `a-{${field}:${spec()}}.ckpt`,
      { epoch: random.whole(1, 99999), batch: random.whole(1, 20) },
      { val_loss: float(), acc: float() },
    ];
  });
  const theirs = python(cases);
  const wrong = cases.flatMap((one, i) => (ours(one) === theirs[i] ? [] : [[one, ours(one), theirs[i]]]));
  expect(wrong).toEqual([]);
  expect(theirs.filter(name => name !== null).length).toBeGreaterThan(2500);
}, 60_000);

it('braces, several fields, what is not known and what stands alone', () => {
  const values: [Record<string, number>, Record<string, string>] = [{ epoch: 7 }, { val_loss: '0.25' }];
  const cases = [
    'training_2/cp-{epoch:04d}.ckpt',
    'weights.{epoch:02d}-{val_loss:.2f}',
    '{{x}}-{epoch}',
    '{epoch}{epoch}{val_loss}',
    '{nothing}',
    '{epoch',
    'epoch}',
    '{}',
    '{epoch:x!}',
    '{epoch:.2f}',
    '{val_loss:d}',
    '',
  ].map((pattern): Case => [pattern, ...values]);
  expect(cases.map(ours)).toEqual(python(cases));
});

it('says which fields there are', () => {
  const pattern = new FilePattern('a/{epoch}-{vall_loss:.2f}');
  expect(() => pattern.path({ epoch: { value: 1, kind: 'int' }, val_loss: { value: 1, kind: 'float' } })).toThrow(
    expect.objectContaining({
      code: 'ERR_FILENAME_PATTERN',
      found: 'vall_loss',
      message: expect.stringContaining('the fields are epoch, val_loss'),
    }),
  );
});

it('knows the names that it makes', () => {
  const pattern = new FilePattern('run.1/cp-{epoch:04d}.ckpt');
  expect(['cp-0001.ckpt', 'cp-x.ckpt', 'xcp-0001.ckpt', 'cp-0001xckpt'].map(name => pattern.matches(name))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(pattern.directory).toBe('run.1');
  expect(new FilePattern('run-{epoch}/cp').directory).toBeNull();
});

describe('matching', () => {
  /** The pattern as a regular expression, for what is small: what Keras makes of it. */
  const regular = (pattern: string): RegExp =>
    new RegExp(`^${pattern.replace(/[$()*+./?[\\\]^|-]/g, '\\$&').replace(/\{[^{}]*\}/g, '.*')}$`, 's');

  it('20,000 seeded patterns and names: as the regular expression', () => {
    const random = new Choices(5);
    const pieces = ['a', 'b', 'ab', '-', '.', '{epoch}', '{epoch}', '{loss:.2f}', '*', '(', '$', 'é', '\n'];
    const letters = ['a', 'b', 'ab', '-', '.', '1', '*', '(', '$', 'é', '\n', ''];
    const some = (from: readonly string[], most: number): string =>
      Array.from({ length: random.whole(0, most) }, () => random.one(from)).join('');
    let matching = 0;
    for (let i = 0; i < 20_000; i++) {
      const pattern = `a${some(pieces, 6)}`;
      const name = random.chance(0.5) ? `a${some(letters, 8)}` : pattern.replace(/\{[^{}]*\}/g, () => some(letters, 2));
      const expected = regular(pattern).test(name);
      expect(new FilePattern(pattern).matches(name), JSON.stringify([pattern, name])).toBe(expected);
      if (expected) matching++;
    }
    expect(matching).toBeGreaterThan(5000);
  });

  it.each([2, 5, 50, 5000])('%i fields against dashes: nothing is tried twice', fields => {
    const start = performance.now();
    const pattern = new FilePattern(`cp${'-{epoch}'.repeat(fields)}.ckpt`);
    for (const length of [60, 240, 100_000]) {
      expect(pattern.matches(`cp${'-'.repeat(length)}`)).toBe(false);
      expect(pattern.matches(`cp${'-'.repeat(length)}.ckpt`)).toBe(length >= fields);
    }
    // A regular expression takes minutes for five fields and 1,000 dashes.
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

it('widths and precisions have limits, said when the pattern is made', () => {
  const values = { epoch: { value: 7, kind: 'int' }, loss: { value: 0.5, kind: 'float' } } as const;
  for (const field of ['{epoch:999d}', '{epoch:0999,d}', '{loss:.99f}', '{loss:0999.99f}', '{loss:0999,.3f}'])
    expect(new FilePattern(field).path(values).length).toBeGreaterThan(99);
  for (const field of [
    '{epoch:1000d}',
    '{epoch:1000000000d}',
    '{loss:.100f}',
    '{loss:.999999f}',
    '{loss:9999999999.2f}',
  ])
    expect(() => new FilePattern(`a/${field}`), field).toThrow(
      expect.objectContaining({
        code: 'ERR_FILENAME_PATTERN',
        message: expect.stringMatching(/width is at most 999, the precision 99/),
      }),
    );
});

it('zeros that are grouped, of every width: as Python', () => {
  const cases = Array.from({ length: 60 }, (_, width) =>
    [`{epoch:0${width},d}`, `{loss:0${width},.2f}`, `{loss:0${width},}`].map(
      (pattern): Case => [pattern, { epoch: 1234567 }, { loss: '-98765.5' }],
    ),
  ).flat();
  expect(cases.map(ours)).toEqual(python(cases));
});

/** File patterns beside Python's `str.format`, which Keras uses. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { TensorBundleError } from '../../../src/errors.js';
import { FilePattern } from '../../../src/training/file-pattern.js';
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
      message: expect.stringContaining('there are epoch, val_loss'),
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

/** Whatever `ls` prints can be given to `show`; and what a copy says of its files is what is on the disk. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointWriter, listVariables } from '../../src/index.js';
import { FIXTURES, makeDirectory, run, runJson } from './program.js';

const SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE';
const NAMES = [
  `model/kernel${SUFFIX}`,
  `/leading${SUFFIX}`,
  'plain',
  'line\nfeed\ttab',
  'bidi\u202e\u200b',
  'tags\u{e0041}',
  'back\\u0000slash',
  'quote"s',
  'ünïcode 🦊',
  ' spaces ',
  'v:0',
  '-dash',
];

let directory: Awaited<ReturnType<typeof makeDirectory>>;
let prefix: string;

beforeAll(async () => {
  directory = await makeDirectory();
  prefix = directory.in('named');
  const writer = new CheckpointWriter(prefix);
  NAMES.forEach((name, i) => {
    writer.add(name, { dtype: 'int32', shape: [], data: Int32Array.of(i) });
  });
  await writer.finish();
});
afterAll(() => directory.remove());

function shown(name: string): string | undefined {
  const { out } = run(['show', '--json', prefix, '--', name]);
  return out === '' ? undefined : (JSON.parse(out) as { name?: string }).name;
}

describe('show takes', () => {
  test('what each form of ls prints', () => {
    const flat = run(['ls', '--flat', prefix]).out.trimEnd().split('\n');
    expect(flat).toHaveLength(NAMES.length);
    const printed = flat.map(line => line.split('\t')[0]!);
    expect(printed.map(shown).sort()).toEqual([...NAMES].sort());
    const json = run(['ls', '--json', prefix]).out;
    const inQuotes = [...json.matchAll(/"name":\s*"((?:[^"\\]|\\.)*)"/g)].map(([, name]) => name!);
    // The rest is printed as in the flat list.
    expect(shown(inQuotes.find(name => name.includes('udc41'))!)).toBe('tags\u{e0041}');
    expect(shown(inQuotes.find(name => name.includes('quote'))!)).toBe('quote"s');
    expect(['model/kernel', '/leading', 'leading', 'plain:0', 'v'].map(shown)).toEqual([
      NAMES[0],
      NAMES[1],
      NAMES[1],
      'plain',
      undefined,
    ]);
  }, 60_000);

  test('a partitioned tensor, and the object graph', async () => {
    for (const fixture of ['tf-2.21/sliced_3', 'tf-2.21/iterator'])
      for (const { name } of await listVariables(FIXTURES + fixture)) {
        const { code, json } = runJson<{ name: string }>(['show', FIXTURES + fixture, name]);
        expect({ code, name: json.name }).toEqual({ code: 0, name });
      }
  });

  test('two that look the same only as they are', async () => {
    const twice = directory.in('twice');
    const writer = new CheckpointWriter(twice);
    writer.add('a\\u200b', { dtype: 'int32', shape: [], data: Int32Array.of(1) });
    writer.add('a\u200b', { dtype: 'int32', shape: [], data: Int32Array.of(2) });
    await writer.finish();
    expect(run(['show', twice, 'a\\u200b']).out).toMatch(/\n1\n/);
    expect(run(['show', twice, 'a\u200b']).out).toMatch(/\n2\n/);
  });
});

test('a copy says how many data files it made, and why not another number', () => {
  const to = directory.in('copies/x');
  const files = (): number => readdirSync(directory.in('copies')).filter(name => name.includes('.data-')).length;
  expect(run(['copy', prefix, to]).out).toMatch(/, 1 shard, /);
  for (const options of [[], [], ['--shards', '4'], ['--shards', '4'], ['--shards', '50']]) {
    const { out } = run(['copy', ...options, prefix, to]);
    const [, said, wanted] = /, (\d+) shards?(?: instead of (\d+): .*overwrite.*)?, \d/.exec(out)!;
    expect(Number(said), out).toBe(files());
    const asked = options.length > 0 ? Number(options[1]) : 1;
    expect(wanted, out).toBe(asked === files() ? undefined : String(asked));
  }
});

test('a merge says so too', async () => {
  const other = directory.in('merged/other');
  const writer = new CheckpointWriter(other, { shards: 2 });
  for (const name of ['x', 'y']) writer.add(name, { dtype: 'int32', shape: [1], data: Int32Array.of(1) });
  await writer.finish();
  const to = directory.in('merged/all');
  for (const [said, why] of [
    [3, ''],
    [4, ' instead of 3: an overwrite has another number than what it replaced'],
  ] as const)
    expect(run(['merge', to, prefix, other]).out).toContain(`, ${said} shards${why}, `);
  // The counted ones are gone, or replaced by the result.
  expect(run(['merge', '--delete-inputs', to, prefix, other]).out).toContain(', 5 shards instead of 3:');
});

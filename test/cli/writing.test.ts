/** verify, copy and merge, as child processes on real checkpoints. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { CheckpointReader } from '../../src/index.js';
import { dataFile, flipBit, flipBitOf, KERNEL, truncate, writeOne, writeSample } from './checkpoints.js';
import { hasControls, makeDirectory, run, runJson } from './program.js';

interface Report {
  prefix: string;
  ok: boolean;
  tensors: number;
  bytes: number;
  unreferencedBytes: number;
  problems: { code: string; file: string; tensor?: string; offset?: number; message: string }[];
}
interface Saved {
  prefix: string;
  tensors: number;
  shards: number;
  bytesWritten: number;
  bytesLinked: number;
}
interface Failed {
  error: { code: string; message: string; path?: string; tensor?: string };
  reports?: Report[];
}

let directory = await makeDirectory();
let good: string;

beforeEach(async () => {
  await directory.remove();
  directory = await makeDirectory();
  good = directory.in('good');
  await writeSample(good);
});
afterAll(() => directory.remove());

describe('verify', () => {
  test('a whole checkpoint is ok', () => {
    const { code, json, err } = runJson<Report[]>(['verify', good]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(json).toMatchObject([{ prefix: good, ok: true, tensors: 12, problems: [], unreferencedBytes: 0 }]);
    const text = run(['verify', good]);
    expect(text).toMatchObject({ code: 0, err: '' });
    expect(text.out).toMatch(/^ok .*good {2}12 tensors/);
    expect(hasControls(text.out)).toBe(false);
  });

  test('every bad tensor is named, and only they', async () => {
    const places = [await flipBitOf(good, 'long'), await flipBitOf(good, KERNEL)];
    const { code, json } = runJson<Report[]>(['verify', good]);
    expect(code).toBe(1);
    expect(json[0]!.ok).toBe(false);
    const problems = json[0]!.problems;
    expect(problems.map(problem => problem.tensor).sort()).toEqual([KERNEL, 'long'].sort());
    for (const problem of problems) expect(problem.code).toBe('ERR_CHECKSUM');
    const { out } = run(['verify', good]);
    expect(out).toMatch(/^DAMAGED .*good {2}2 problems$/m);
    for (const { file } of places) expect(out).toContain(file);
    for (const name of [KERNEL, 'long']) expect(out).toMatch(new RegExp(`ERR_CHECKSUM  ${name} `));
    expect(out).not.toMatch(/ERR_CHECKSUM {2}words/);
  });

  test('all paths are checked', async () => {
    const bad = directory.in('bad');
    await writeSample(bad);
    await flipBitOf(bad, 'words');
    const { code, json } = runJson<Report[]>(['verify', bad, `${good}.index`]);
    expect(code).toBe(1);
    expect(json.map(report => [report.prefix, report.ok])).toEqual([
      [bad, false],
      [good, true],
    ]);
    expect(run(['verify', good, good]).code).toBe(0);
  });

  const damages: [string, () => Promise<void>, string[]][] = [
    ['a truncated data file', () => truncate(dataFile(good, 1, 2), 1), ['ERR_TRUNCATED']],
    ['a missing data file', () => rm(dataFile(good, 1, 2)), ['ERR_MISSING_SHARD']],
    ['an index of nothing', () => truncate(`${good}.index`, statSync(`${good}.index`).size), ['ERR_TRUNCATED']],
    ['a bit in the index', () => flipBit(`${good}.index`, 40), ['ERR_CHECKSUM', 'ERR_CORRUPT']],
  ];
  test.each(damages)('%s is a report, not a failure', async (_name, damage, codes) => {
    await damage();
    const { code, json } = runJson<Report[]>(['verify', good]);
    expect(code).toBe(1);
    expect(json[0]!.ok).toBe(false);
    expect(json[0]!.problems.length).toBeGreaterThan(0);
    for (const problem of json[0]!.problems) {
      expect(codes).toContain(problem.code);
      expect(problem.file).toContain(directory.path);
    }
  });

  test('what cannot be looked at is an error, and the others are still reported', async () => {
    await writeFile(directory.in('letter'), 'Dear reader, this is not a table at all. '.repeat(10));
    const { code, json } = runJson<Failed>(['verify', directory.in('letter'), good]);
    expect(code).toBe(3);
    expect(json.error.code).toBe('ERR_NOT_A_CHECKPOINT');
    expect(json.reports).toMatchObject([{ prefix: good, ok: true }]);
    const text = run(['verify', directory.in('letter'), good]);
    expect(text.code).toBe(3);
    expect(text.out).toMatch(/^ok /);
    expect(text.err).toContain('letter');
    expect(runJson<Failed>(['verify', directory.in('absent')])).toMatchObject({
      code: 1,
      json: { error: { code: 'ERR_NOT_FOUND' } },
    });
  });
});

describe('copy', () => {
  test('is the same to the byte', () => {
    const to = directory.in('new/copy');
    const { code, json, err } = runJson<Saved>(['copy', good, to]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(json).toMatchObject({ prefix: to, tensors: 12, shards: 2, bytesLinked: 0 });
    for (const file of [
      (p: string) => `${p}.index`,
      (p: string) => dataFile(p, 0, 2),
      (p: string) => dataFile(p, 1, 2),
    ]) {
      expect(readFileSync(file(to)).equals(readFileSync(file(good)))).toBe(true);
    }
  });

  test.each([
    [['--shards', '1'], 1],
    [['--shards', '3'], 3],
    [['--max-bytes', '1G'], 1],
    [['--max-bytes', '5K'], 3],
  ])('%j lays the tensors out anew', async (options, shards) => {
    const to = directory.in('copy');
    expect(runJson<Saved>(['copy', ...options, good, to])).toMatchObject({ code: 0, json: { shards } });
    expect(runJson<Report[]>(['verify', to])).toMatchObject({ code: 0, json: [{ ok: true, tensors: 12 }] });
    const reader = await CheckpointReader.open(to);
    expect(reader.numShards).toBe(shards);
    expect((await reader.read('parts')).data).toEqual(Int32Array.of(1, 2, 3, 4));
    await reader.close();
  });

  test('text says where and how much', () => {
    const { code, out, err } = run(['copy', good, directory.in('copy')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^copied to .*copy {2}12 tensors, .*, 2 shards, \d+\.\d\d s\n$/);
  });

  test('a destination that cannot be made is a failure of output, not a finding', async () => {
    const to = process.platform === 'linux' ? '/proc/new/copy' : '/dev/null/new/copy';
    const { code, json } = runJson<Failed>(['copy', good, to]);
    expect({ code, error: json.error.code }).toEqual({ code: 3, error: 'ERR_IO' });
    await writeFile(directory.in('file'), '');
    expect(run(['copy', good, directory.in('file/copy')]).code).toBe(3);
  });

  test('--no-overwrite keeps what is there; without it, it is replaced', async () => {
    const to = directory.in('there');
    await writeOne(to, 'old');
    const { code, json } = runJson<Failed>(['copy', '--no-overwrite', good, to]);
    expect(code).toBe(3);
    expect(json.error.code).toBe('ERR_EXISTS');
    expect(run(['ls', to]).out).toMatch(/^old\t/);
    expect(run(['copy', good, to]).code).toBe(0);
    expect(run(['ls', to]).out).toBe(run(['ls', good]).out);
  });

  test('a damaged source is a finding and leaves nothing', async () => {
    await flipBitOf(good, 'long');
    const { code, json } = runJson<Failed>(['copy', good, directory.in('copy/ckpt')]);
    expect(code).toBe(1);
    expect(json.error).toMatchObject({ code: 'ERR_CHECKSUM', tensor: 'long' });
    const left = existsSync(directory.in('copy')) ? readdirSync(directory.in('copy')) : [];
    expect(left).toEqual([]);
  });
});

describe('merge', () => {
  test('joins the inputs and keeps them', async () => {
    await writeOne(directory.in('a'), 'one');
    await writeOne(directory.in('b'), 'two');
    const to = directory.in('merged');
    const { code, json } = runJson<Saved>(['merge', to, directory.in('a'), `${directory.in('b')}.index`]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ prefix: to, tensors: 2, shards: 2 });
    expect(run(['ls', to]).out).toBe('one\tuint8\t[4]\t4\ntwo\tuint8\t[4]\t4\n');
    expect(run(['verify', to, directory.in('a'), directory.in('b')]).code).toBe(0);
  });

  test('--delete-inputs removes them', async () => {
    await writeOne(directory.in('a'), 'one');
    await writeOne(directory.in('b'), 'two');
    const to = directory.in('merged');
    const { code, out } = run(['merge', '--delete-inputs', to, directory.in('a'), directory.in('b')]);
    expect(code).toBe(0);
    expect(out).toMatch(/^merged into .*merged {2}2 tensors/);
    expect(run(['verify', to]).code).toBe(0);
    expect(readdirSync(directory.path).filter(name => /^[ab]\./.test(name))).toEqual([]);
  });

  test('a tensor that two inputs hold is a finding, and no input is lost', async () => {
    await writeOne(directory.in('a'), 'same');
    await writeOne(directory.in('b'), 'same');
    const inputs = [directory.in('a'), directory.in('b')];
    const { code, json } = runJson<Failed>(['merge', '--delete-inputs', directory.in('merged'), ...inputs]);
    expect(code).toBe(1);
    expect(json.error).toMatchObject({ code: 'ERR_DUPLICATE_NAME', tensor: 'same' });
    expect(run(['verify', ...inputs]).code).toBe(0);
    expect(existsSync(`${directory.in('merged')}.index`)).toBe(false);
  });
});

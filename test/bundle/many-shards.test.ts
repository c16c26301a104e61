/** Checkpoints with more data files than may be open at once, and processes with few descriptors. */
import '../crash/fault-engine.js';
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { dtypeInfo } from '../../src/format/dtypes.js';
import { encodeEntry } from '../../src/format/entry.js';
import { encodeHeader } from '../../src/format/header.js';
import { TableWriter } from '../../src/format/table-writer.js';
import { CheckpointReader, CheckpointWriter, verifyCheckpoint, type WriterOptions } from '../../src/index.js';
import { MAX_OPEN } from '../../src/storage/descriptor-pool.js';
import { Scratch } from '../crash/scratch.js';
import { addonPath, faulty } from '../native/fault-binding.js';

const scratch = new Scratch('many-shards');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

async function save(prefix: string, shards: number, value: number, options: WriterOptions = {}): Promise<void> {
  const writer = new CheckpointWriter(prefix, { shards, durable: false, ...options });
  for (let i = 0; i < shards; i++)
    writer.add(`t${i}`, { dtype: 'float32', shape: [1100], data: new Float32Array(1100).fill(value + i) });
  await writer.finish();
}

const opens = (): number => faulty.operations().filter(({ syscall }) => syscall === 'open').length;

async function first(reader: CheckpointReader, name: string): Promise<number> {
  return ((await reader.read(name)).data as Float32Array)[0]!;
}

test('300 data files: a bounded number is open, and every tensor is read, in any order and at once', async () => {
  const prefix = join(scratch.directory(), 'model');
  await save(prefix, 300, 1000);
  const reader = await CheckpointReader.open(prefix);
  const names = reader.names();
  // The directory stays open too.
  expect(faulty.openDescriptors()).toBe(MAX_OPEN + 1);
  const values = await Promise.all(names.map(name => first(reader, name)));
  expect(values).toEqual(names.map(name => 1000 + Number(name.slice(1))));
  for (const name of ['t299', 't0', 't150', 't299'])
    expect(await first(reader, name)).toBe(1000 + Number(name.slice(1)));
  expect(faulty.openDescriptors()).toBeLessThanOrEqual(MAX_OPEN + 1);
  expect(await reader.verify()).toMatchObject({ ok: true, tensors: 300, bytes: 300 * 4400, unreferencedBytes: 0 });
  await reader.close();
});

test(`up to ${MAX_OPEN} data files are all open: nothing saved or removed later changes what is read`, async () => {
  const directory = scratch.directory();
  const prefix = join(directory, 'model');
  await save(prefix, MAX_OPEN, 1000);
  const reader = await CheckpointReader.open(prefix);
  expect(faulty.openDescriptors()).toBe(MAX_OPEN);
  await save(prefix, MAX_OPEN, 2000);
  rmSync(directory, { recursive: true });
  for (const name of reader.names()) expect(await first(reader, name)).toBe(1000 + Number(name.slice(1)));
  await reader.close();
});

test.each([
  ['atomic', 'removed'],
  ['in-place', 'replaced'],
] as const)(
  'an %s overwrite: files that were not open are an error, never of the other generation',
  async (overwrite, what) => {
    const prefix = join(scratch.directory(), 'model');
    await save(prefix, 100, 1000);
    const reader = await CheckpointReader.open(prefix);
    // Whatever inode numbers the new files get.
    await save(prefix, 100, 2000, { overwrite, durable: true });
    await save(prefix, 100, 3000, { overwrite, durable: true });
    const found = await Promise.all(
      reader.names().map(name =>
        first(reader, name).then(
          value => value - Number(name.slice(1)),
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'ERR_MISSING_SHARD', message: expect.stringContaining(`was ${what}`) });
            return 'error';
          },
        ),
      ),
    );
    expect(found.filter(value => value === 1000).length).toBe(MAX_OPEN);
    expect(found.filter(value => value === 'error').length).toBe(100 - MAX_OPEN);
    await reader.close();
    const again = await CheckpointReader.open(prefix);
    expect(await first(again, 't99')).toBe(3099);
    await again.close();
  },
);

test('a directory that is renamed while its checkpoint is open', async () => {
  const directory = scratch.directory();
  await save(join(directory, 'model'), 100, 1000);
  const reader = await CheckpointReader.open(join(directory, 'model'));
  renameSync(directory, `${directory}-moved`);
  for (const name of reader.names()) expect(await first(reader, name)).toBe(1000 + Number(name.slice(1)));
  await reader.close();
});

/** Without those of views of earlier tests, which are unmapped when they are garbage. */
const calls = (): number => faulty.operations().filter(({ syscall }) => syscall !== 'munmap').length;

const FLOAT32 = dtypeInfo('float32');

/** An index that claims `shards` data files, with one empty tensor in each of the first `entries`. */
function claim(shards: number, entries: number): string {
  const prefix = join(scratch.directory(), 'model');
  const table = new TableWriter();
  table.add(new Uint8Array(0), encodeHeader(shards));
  for (let i = 0; i < entries; i++) {
    const entry = { dtypeNumber: 1, dtype: FLOAT32, shape: [1], shard: i, offset: 0, size: 4, crc: 0, slices: [] };
    table.add(Buffer.from(`t${String(i).padStart(7, '0')}`), encodeEntry(entry));
  }
  mkdirSync(join(prefix, '..'), { recursive: true });
  writeFileSync(`${prefix}.index`, table.finish());
  return prefix;
}

test('an index that claims 99,999 data files and needs none is opened without looking for them', async () => {
  const prefix = claim(99_999, 0);
  faulty.setFaults(null);
  const reader = await CheckpointReader.open(prefix);
  await reader.close();
  expect((await verifyCheckpoint(prefix)).ok).toBe(true);
  expect(calls()).toBeLessThan(100);
});

test('missing data files cost one look each at most, and opening stops soon', async () => {
  for (const entries of [1000, 4000]) {
    const prefix = claim(99_999, entries);
    faulty.setFaults(null);
    await expect(CheckpointReader.open(prefix)).rejects.toMatchObject({
      code: 'ERR_MISSING_SHARD',
      tensor: 't0000000',
    });
    expect(calls()).toBeLessThan(6 * MAX_OPEN);
    faulty.setFaults(null);
    const report = await verifyCheckpoint(prefix);
    expect(report.problems.length).toBe(entries);
    expect(calls()).toBeLessThan(entries + 6 * MAX_OPEN);
  }
});

test('a save with few descriptors writes fewer data files at once', async () => {
  const prefix = join(scratch.directory(), 'model');
  // The first data file is created; the second, beside it, finds no descriptor.
  faulty.setFaults([{ at: 1, syscall: 'open', path: '.data-00001', action: 'error', errno: 'EMFILE' }]);
  const before = opens();
  await save(prefix, 4, 1000);
  expect(faulty.operations().some(({ syscall, result }) => syscall === 'open' && result === -1)).toBe(true);
  expect(opens()).toBeGreaterThan(before);
  faulty.setFaults(null);
  const reader = await CheckpointReader.open(prefix, { verify: 'open' });
  expect(await first(reader, 't3')).toBe(1003);
  await reader.close();
});

test('with 40 descriptors in all: open, read, verify, copy, merge and save, and none is lost', async () => {
  const directory = scratch.directory();
  await save(join(directory, 'many', 'model'), 400, 1000);
  for (let i = 0; i < 50; i++) {
    const writer = new CheckpointWriter(join(directory, 'parts', `part-${i}`), { durable: false });
    await writer.add(`p${i}`, { dtype: 'bool', shape: [1], data: new Uint8Array(1) }).finish();
  }
  const script = `
    const bundle = await import(${JSON.stringify(pathToFileURL('dist/index.js').href)});
    const { readdirSync } = await import('node:fs');
    const { execFileSync } = await import('node:child_process');
    const { CheckpointReader, CheckpointWriter } = bundle;
    const { copyCheckpoint, latestValidCheckpoint, mergeCheckpoints, verifyCheckpoint } = bundle;
    const directory = process.argv.at(-1);
    const many = directory + '/many/model';
    const descriptors = () => readdirSync('/proc/self/fd').length;
    execFileSync('true');
    execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=40:4096']);
    const before = descriptors();
    for (const verify of ['read', 'open']) {
      const reader = await CheckpointReader.open(many, { verify });
      const difference = async name => (await reader.read(name)).data[0] - name.slice(1);
      const values = await Promise.all(reader.names().map(difference));
      if (values.some(value => value !== 1000)) throw new Error('wrong value');
      await reader.close();
    }
    if (!(await verifyCheckpoint(many)).ok) throw new Error('verify');
    if ((await latestValidCheckpoint(directory + '/many')) !== many) throw new Error('latest');
    const readers = await Promise.all([1, 2, 3].map(() => CheckpointReader.open(many)));
    for (const reader of readers) await reader.read('t399');
    if ((await copyCheckpoint(many, directory + '/copy/model')).shards !== 400) throw new Error('copy');
    for (const reader of readers) await reader.read('t1').then(() => reader.close());
    if (!(await verifyCheckpoint(directory + '/copy/model')).ok) throw new Error('verify copy');
    const parts = Array.from({ length: 50 }, (_, i) => directory + '/parts/part-' + i);
    if ((await mergeCheckpoints(parts, directory + '/merged/model')).shards !== parts.length) throw new Error('merge');
    const writer = new CheckpointWriter(directory + '/saved/model', { shards: 400 });
    for (let i = 0; i < 400; i++) writer.add('t' + i, { dtype: 'bool', shape: [1], data: new Uint8Array(1) });
    await writer.finish();
    console.log(descriptors() - before);
  `;
  const env = { ...process.env, TENSORBUNDLE_BINDING: addonPath };
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, directory], {
    env,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout).toBe('0\n');
});

test('five readers at once share the few descriptors that there are', async () => {
  const prefix = join(scratch.directory(), 'model');
  await save(prefix, 400, 1000);
  const script = `
    const { CheckpointReader } = await import(${JSON.stringify(pathToFileURL('dist/index.js').href)});
    const { execFileSync } = await import('node:child_process');
    execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=34:4096']);
    const sums = new Set();
    for (let round = 0; round < 4; round++) {
      await Promise.all(['open', 'read', 'read', 'read', 'read'].map(async verify => {
        const reader = await CheckpointReader.open(process.argv.at(-1), { verify });
        const names = reader.names();
        const [values] = await Promise.all([reader.readAll(names), reader.check(names)]);
        sums.add(values.reduce((sum, { data }) => sum + data[0], 0));
        await reader.close();
      }));
    }
    console.log(...sums);
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, prefix], { encoding: 'utf8' });
  expect(child).toMatchObject({ status: 0, stderr: '', stdout: `${400 * 1000 + (400 * 399) / 2}\n` });
});

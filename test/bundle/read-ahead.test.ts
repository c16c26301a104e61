/** Small tensors that are read one after another: few calls of the addon, and each value is checked by itself. */
import '../crash/fault-engine.js';
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('read-ahead');
const COUNT = 200;
const LENGTH = 100;
const nameOf = (i: number): string => `t${String(i).padStart(3, '0')}`;

afterEach(() => faulty.setFaults(null));

async function saved(): Promise<string> {
  const path = join(scratch.directory(), 'm');
  const writer = new CheckpointWriter(path, { durable: false });
  for (let i = 0; i < COUNT; i++)
    writer.add(nameOf(i), { dtype: 'float32', shape: [LENGTH], data: new Float32Array(LENGTH).fill(i) });
  await writer.finish();
  return path;
}

const reads = (): number => faulty.operations().filter(({ syscall }) => syscall === 'pread').length;
const damage = (path: string, at: number): void => {
  const file = openSync(`${path}.data-00000-of-00001`, 'r+');
  writeSync(file, new Uint8Array([0xff]), 0, 1, at);
  closeSync(file);
};

test('the first is read alone, the others in few reads', async () => {
  await using reader = await CheckpointReader.open(await saved());
  faulty.setFaults([]);
  for (let i = 0; i < COUNT; i++) {
    const { data } = await reader.read(nameOf(i));
    expect(data).toEqual(new Float32Array(LENGTH).fill(i));
  }
  expect(reads()).toBe(2);
});

test('another order reads nothing ahead, and what is read again comes from the file', async () => {
  await using reader = await CheckpointReader.open(await saved());
  faulty.setFaults([]);
  for (const i of [5, 150, 20, 20]) await reader.read(nameOf(i));
  const bytes = faulty
    .operations()
    .reduce((sum, { length = 0, syscall }) => sum + (syscall === 'pread' ? length : 0), 0);
  expect(bytes).toBe(4 * LENGTH * 4);
});

test('damage is that of the tensor that has it', async () => {
  const path = await saved();
  damage(path, 7 * LENGTH * 4 + 3);
  await using reader = await CheckpointReader.open(path);
  for (let i = 0; i < 20; i++) {
    const read = reader.read(nameOf(i));
    if (i === 7) await expect(read).rejects.toMatchObject({ code: 'ERR_CHECKSUM', tensor: nameOf(7) });
    else expect((await read).data).toEqual(new Float32Array(LENGTH).fill(i));
  }
});

test('a file that is cut meanwhile: the tensors before the cut are read', async () => {
  const path = await saved();
  await using reader = await CheckpointReader.open(path);
  truncateSync(`${path}.data-00000-of-00001`, 10 * LENGTH * 4);
  for (let i = 0; i < 12; i++) {
    const read = reader.read(nameOf(i));
    if (i >= 10) await expect(read).rejects.toMatchObject({ code: 'ERR_TRUNCATED', tensor: nameOf(i) });
    else expect((await read).data).toEqual(new Float32Array(LENGTH).fill(i));
  }
});

test('reads that are started together are one call, as ever', async () => {
  await using reader = await CheckpointReader.open(await saved());
  faulty.setFaults([]);
  const all = await Promise.all(Array.from({ length: COUNT }, (_, i) => reader.read(nameOf(i))));
  expect(all.map(({ data }) => data[3])).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  expect(reads()).toBe(1);
});

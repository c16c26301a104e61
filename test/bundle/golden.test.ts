/** The golden checkpoints of three TensorFlow versions, without Python: every value, and copies byte for byte. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  CheckpointReader,
  CheckpointWriter,
  copyCheckpoint,
  type DType,
  latestCheckpoint,
  verifyCheckpoint,
} from '../../src/index.js';
import { differences } from '../oracle/files.js';
import { bytesOf } from './random-checkpoint.js';

interface GoldenTensor {
  name: string;
  dtype: DType;
  shape: number[];
  sha256?: string;
  strings?: string[];
  slices?: { begin: number[]; size: number[] }[];
}

interface GoldenCheckpoint {
  tensors?: GoldenTensor[];
  count?: number;
  namesSha256?: string;
  bytesSha256?: string;
  format?: 'v1' | 'v2';
  shards?: number;
}

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'golden-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (...parts: (Uint8Array | string)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

async function expectTensor(reader: CheckpointReader, golden: GoldenTensor): Promise<void> {
  const { name, dtype, shape } = golden;
  const entry = reader.entry(name);
  expect([entry.dtype, entry.shape]).toEqual([dtype, shape]);
  if (golden.slices) expect(entry.slices.map(({ begin, size }) => ({ begin, size }))).toEqual(golden.slices);
  for (const copy of [false, true]) {
    const value = await reader.read(name, { copy });
    expect([value.dtype, value.shape]).toEqual([dtype, shape]);
    if (golden.strings) {
      expect(
        (value.data as Uint8Array[]).map(e => Buffer.from(e).toString('base64')),
        name,
      ).toEqual(golden.strings);
    } else if (golden.sha256) expect(sha256(bytesOf(value.data)), name).toBe(golden.sha256);
    else expect(dtype).toBe('variant');
  }
}

describe.each(['2.12', '2.15', '2.21'])('TensorFlow %s', version => {
  const set = join(fixtures, `tf-${version}`);
  const golden = JSON.parse(readFileSync(join(set, 'golden.json'), 'utf8')) as {
    checkpoints: Record<string, GoldenCheckpoint>;
  };
  const all = Object.entries(golden.checkpoints);
  const readable = all.filter(([, checkpoint]) => checkpoint.format !== 'v1');

  test.each(readable)('%s is read and verified', async (name, checkpoint) => {
    const prefix = join(set, name);
    await using reader = await CheckpointReader.open(prefix, { verify: 'open' });
    expect(reader.numShards).toBe(checkpoint.shards ?? 1);
    if (checkpoint.tensors) {
      expect(reader.names()).toEqual(checkpoint.tensors.map(tensor => tensor.name));
      for (const tensor of checkpoint.tensors) await expectTensor(reader, tensor);
    } else {
      expect(reader.names()).toHaveLength(checkpoint.count!);
      expect(sha256(reader.names().join('\n'))).toBe(checkpoint.namesSha256);
      const values = await Promise.all(reader.names().map(async each => bytesOf((await reader.read(each)).data)));
      expect(sha256(...values)).toBe(checkpoint.bytesSha256);
    }
    expect((await verifyCheckpoint(prefix)).problems).toEqual([]);
  });

  // What TensorFlow itself did not write: compressed blocks come out raw, the other byte order comes out little-endian.
  test.each(readable)('the copy of %s has the same bytes', async (name, _checkpoint) => {
    const copy = join(folder, version, name);
    await copyCheckpoint(join(set, name), copy, { durable: false });
    const original = name === 'snappy' || name === 'big_endian' ? 'all_dtypes' : name;
    if (name === 'big_endian') {
      await using reader = await CheckpointReader.open(copy, { verify: 'open' });
      for (const tensor of golden.checkpoints.all_dtypes!.tensors!) await expectTensor(reader, tensor);
    }
    expect(differences(copy, join(set, original))).toEqual([]);
  });

  test('a V1 checkpoint is told, whatever path names it', async () => {
    const v1 = join(set, 'saver_v1', 'model.ckpt');
    expect(existsSync(v1)).toBe(true);
    await expect(CheckpointReader.open(v1)).rejects.toMatchObject({ code: 'ERR_V1_FORMAT' });
    await expect(verifyCheckpoint(v1)).rejects.toMatchObject({ code: 'ERR_V1_FORMAT' });
  });

  test('directories: a SavedModel, and those with a state file', async () => {
    await using saved = await CheckpointReader.open(join(set, 'saved_model'));
    expect(saved.prefix).toBe(join(set, 'saved_model', 'variables', 'variables'));
    for (const [directory, base] of [
      ['saver_v2', 'model.ckpt'],
      ['objects', 'ckpt-1'],
      ['keras', 'weights'],
    ] as const) {
      await using reader = await CheckpointReader.open(join(set, directory));
      expect(reader.prefix).toBe(join(set, directory, base));
      expect(await latestCheckpoint(join(set, directory))).toBe(join(set, directory, base));
    }
  });

  test('variants pass through opaquely, read and written again', async () => {
    const prefix = join(set, 'variant');
    const again = join(folder, version, 'again', 'variant');
    mkdirSync(join(again, '..'), { recursive: true });
    await using reader = await CheckpointReader.open(prefix);
    const writer = new CheckpointWriter(again, { durable: false });
    const byOffset = reader.names().sort((a, b) => reader.entry(a).offset! - reader.entry(b).offset!);
    for (const name of byOffset) writer.add(name, await reader.read(name));
    await writer.finish();
    expect(differences(again, prefix)).toEqual([]);
  });
});

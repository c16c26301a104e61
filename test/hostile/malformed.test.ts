/** Every malformed index is answered with its typed error, quickly, in little memory, and nothing stays open. */
import '../crash/fault-engine.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crc32c } from '../../src/format/crc.js';
import { CheckpointReader, copyCheckpoint, TensorBundleError, verifyCheckpoint } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { entry, withEntry } from './index-bytes.js';
import { MALFORMED, type MalformedCase } from './malformed.js';

const scratch = new Scratch('malformed');
const ZEROS = new Uint8Array(8);
/** Far above what a file of some hundred bytes needs, far below what any of its lies asks for. */
const MAX_EXTRA_BYTES = 32 * 1024 * 1024;
const MAX_MS = 2000;

function place({ index, data = ZEROS }: Pick<MalformedCase, 'index' | 'data'>): string {
  const prefix = join(scratch.directory(), 'model');
  writeFileSync(`${prefix}.index`, index);
  writeFileSync(`${prefix}.data-00000-of-00001`, data);
  writeFileSync(`${prefix}.data-00000-of-00002`, data);
  return prefix;
}

async function readAll(prefix: string): Promise<void> {
  const reader = await CheckpointReader.open(prefix);
  try {
    for (const name of reader.names()) await reader.read(name);
  } finally {
    await reader.close();
  }
}

test('the hand-made index is right where nothing is wrong with it', async () => {
  const prefix = place({ index: withEntry(entry({ crc: crc32c(ZEROS) })) });
  await readAll(prefix);
  expect((await verifyCheckpoint(prefix)).problems).toEqual([]);
});

test('the corpus has at least 40 classes', () => {
  expect(new Set(MALFORMED.map(({ name }) => name)).size).toBeGreaterThanOrEqual(40);
});

test.each(MALFORMED)('$name: $code', async ({ index, data, code, readable }) => {
  const prefix = place({ index, ...(data ? { data } : {}) });
  const descriptors = faulty.openDescriptors();
  const mappings = faulty.mappings();
  const memory = process.memoryUsage.rss();
  const start = performance.now();
  if (readable) {
    // Nothing a reader needs is wrong; only the strict rules are broken (and the checksum is made up).
    const report = await verifyCheckpoint(prefix);
    expect(report.problems.map(problem => problem.code)).toContain(code);
    expect(report.ok).toBe(false);
  } else {
    const error = await readAll(prefix).then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(TensorBundleError);
    const { code: found, path, offset, message } = error as TensorBundleError;
    expect({ found, message }).toEqual({ found: code, message });
    if (!code.startsWith('ERR_SLICE')) expect(path).toContain(prefix);
    expect(message).toContain(code.startsWith('ERR_SLICE') ? 'w' : 'model');
    if (code === 'ERR_CORRUPT' || code === 'ERR_CHECKSUM') expect(offset, message).toBeTypeOf('number');
    // A verification never rejects for damage, and a copy never spreads it.
    if (code !== 'ERR_V1_FORMAT' && code !== 'ERR_NOT_SUPPORTED') {
      const report = await verifyCheckpoint(prefix);
      expect(report.ok).toBe(false);
      expect(report.problems.length).toBeGreaterThan(0);
    }
    if (code !== 'ERR_SLICE_GAP')
      await expect(copyCheckpoint(prefix, join(scratch.directory(), 'copy'))).rejects.toBeInstanceOf(TensorBundleError);
  }
  expect(performance.now() - start).toBeLessThan(MAX_MS);
  expect(process.memoryUsage.rss() - memory).toBeLessThan(MAX_EXTRA_BYTES);
  expect(faulty.openDescriptors()).toBe(descriptors);
  expect(faulty.mappings()).toBe(mappings);
});

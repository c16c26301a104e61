/** Slices that overlap cannot be read again, so a merge refuses them before it writes anything. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CheckpointWriter, mergeCheckpoints } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'merging-slices-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([0, 1])('a slice at [0] and one at [%i], of two elements each', async begin => {
  const prefixes = [0, begin].map((at, i) => ({ at, prefix: join(folder, `${begin}`, `part-${i}`) }));
  for (const { at, prefix } of prefixes) {
    const data = Float32Array.of(1, 2);
    const writer = new CheckpointWriter(prefix, { durable: false });
    await writer.addSlice('x', [4], [at], { dtype: 'float32', shape: [2], data }).finish();
  }
  const before = readdirSync(join(folder, `${begin}`));
  const merged = mergeCheckpoints(
    prefixes.map(({ prefix }) => prefix),
    join(folder, `${begin}`, 'whole'),
  );
  await expect(merged).rejects.toMatchObject({ code: 'ERR_SLICE_OVERLAP', tensor: 'x' });
  expect(readdirSync(join(folder, `${begin}`))).toEqual(before);
});

/** Every file operation of a read fails once: the error is that of the operation, and nothing stays open. */
import '../crash/fault-engine.js';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { TensorBundleError } from '../../src/errors.js';
import type { Hdf5Dataset } from '../../src/hdf5/hdf5-file.js';
import { faulty } from '../native/fault-binding.js';
import { withHdf5 } from './open-files.js';

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

async function readAll(path: string): Promise<void> {
  await withHdf5(path, async file => {
    const datasets: Hdf5Dataset[] = [];
    for (const name of ['a/b/float32', 'half', 'texts', 'chunks']) datasets.push((await file.at(name)) as Hdf5Dataset);
    await file.root.attributes();
    await file.readAll(datasets);
  });
}

// The first is read by this package, the second by h5wasm.
test.each(['old.h5', 'latest.h5'])('%s', async name => {
  const path = fileURLToPath(new URL(`../fixtures/hdf5/${name}`, import.meta.url));
  faulty.setFaults([]);
  await readAll(path);
  const operations = faulty.operations().length;
  expect(operations).toBeGreaterThan(3);
  const found: string[] = [];
  // Each time, h5wasm begins anew.
  const step = name === 'latest.h5' ? 6 : 1;
  for (let at = 1; at <= operations; at += step) {
    faulty.setFaults([{ at, action: 'error' }]);
    const error = await readAll(path).then(
      () => null,
      (failure: unknown) => failure,
    );
    faulty.setFaults(null);
    if (error === null) continue;
    expect(error).toBeInstanceOf(TensorBundleError);
    found.push((error as TensorBundleError).code);
  }
  expect(new Set(found)).toEqual(new Set(['ERR_IO']));
  // An error at a close is nobody's loss.
  expect(found.length).toBeGreaterThan(2);
});

/**
 * File systems that lack something: locks, directory syncs, modes, free blocks, reservation. TensorFlow saves there,
 * and so does this package, whatever a killed save has left. The same call with EIO is a broken disk, and stays an
 * error.
 */
import '../crash/fault-engine.js';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { CheckpointWriter, removeCheckpoint, verifyCheckpoint } from '../../src/index.js';
import { type FoundTensor, filesOf, onlyGeneration, save, savedAt, saveNumberOf } from '../crash/generation.js';
import { faulty } from '../native/fault-binding.js';
import { type Oracle, type OracleTensor, oracle } from '../oracle/oracle.js';
import { type Fault, FaultLab } from './fault-file-system.js';
import { contents, errorOf, OPERATIONS } from './operations.js';

let o: Oracle;
beforeAll(async () => {
  o = await oracle();
});

const LOCKS: Record<string, Fault[]> = {
  'no locks (ENOSYS)': [{ on: 'flock', error: 'ENOSYS' }],
  'no locks (ENOLCK)': [{ on: 'flock', error: 'ENOLCK' }],
  'no locks (EOPNOTSUPP)': [{ on: 'flock', error: 'EOPNOTSUPP' }],
};
const OTHERS: Record<string, Fault[]> = {
  "NFSv4's rule of locks": [{ on: 'flock', nfs4: true }],
  'no sync of directories (EINVAL)': [{ on: 'fsyncdir', error: 'EINVAL' }],
  'no sync of directories (EBADF)': [{ on: 'fsyncdir', error: 'EBADF' }],
  'no sync of directories (EOPNOTSUPP)': [{ on: 'fsyncdir', error: 'EOPNOTSUPP' }],
  'no sync of directories (ENOSYS)': [{ on: 'fsyncdir', error: 'ENOSYS' }],
  'no modes (EPERM)': [{ on: 'chmod', error: 'EPERM' }],
  'no modes (ENOSYS)': [{ on: 'chmod', error: 'ENOSYS' }],
  'no modes (EOPNOTSUPP)': [{ on: 'chmod', error: 'EOPNOTSUPP' }],
  'no count of blocks': [{ on: 'statfs', zero: true }],
  'no statfs (ENOSYS)': [{ on: 'statfs', error: 'ENOSYS' }],
  'no reservation (EOPNOTSUPP)': [{ on: 'fallocate', error: 'EOPNOTSUPP' }],
  'no reservation (ENOSYS)': [{ on: 'fallocate', error: 'ENOSYS' }],
  'short writes': [
    { on: 'option', direct: true },
    { on: 'write', short: 100 },
  ],
  'nothing cached': [{ on: 'option', direct: true }],
  'attributes cached for ten seconds': [{ on: 'option', cache: 10 }],
};
const POOR: Record<string, Fault[]> = {
  ...LOCKS,
  ...OTHERS,
  'all of it together': [
    { on: 'flock', error: 'ENOSYS' },
    { on: 'fsyncdir', error: 'EINVAL' },
    { on: 'chmod', error: 'EPERM' },
    { on: 'statfs', zero: true },
    { on: 'fallocate', error: 'EOPNOTSUPP' },
  ],
};

/** What a save that was killed leaves: an intent that nobody holds, and the data files of its total. */
function plantDeadSave(directory: string, total = 4): string[] {
  const names = [`m.index.intent-0000${total}-0123456789abcdef`, `m.data-00000-of-0000${total}`];
  for (const name of names) writeFileSync(join(directory, name), name.includes('data') ? 'half' : '');
  return names;
}

function found(tensors: Map<string, OracleTensor>): FoundTensor[] {
  return [...tensors].map(([name, { bytes, strings, dtype }]) => {
    const { buffer } = Uint8Array.from(bytes);
    return { name, data: strings ?? (dtype === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer)) };
  });
}

describe.for(Object.keys(POOR))('%s', kind => {
  // A mount of its own: the kernel remembers an ENOSYS and does not ask again.
  const lab = new FaultLab();
  const faults = POOR[kind]!;

  test('TensorFlow saves there, twice', async () => {
    const { seen } = lab.directory();
    const prefix = join(seen, 'tf');
    const value = { name: 'v', dtype: 'float32', shape: [2], data: new Float32Array([1, 2]) } as const;
    lab.fs.set(...faults);
    for (let i = 0; i < 2; i++) await o.saveV2(prefix, [value]);
    expect([...(await o.restoreAll(prefix)).keys()]).toEqual(['v']);
  });

  test.for(OPERATIONS)('$name', async operation => {
    const { seen, real } = lab.directory();
    const open = faulty.openDescriptors();
    lab.fs.set(...faults);
    await operation.prepare(seen);
    await operation.run(seen);
    await operation.check(seen, 2);
    lab.fs.set();
    await operation.check(real, 2);
    expect(faulty.openDescriptors()).toBe(open);
  });

  test('over what a killed save left, and TensorFlow reads it', async () => {
    const { seen, real } = lab.directory();
    await save(join(seen, 'm'), 1);
    const dead = plantDeadSave(real);
    lab.fs.set(...faults);
    for (const k of [2, 3]) await save(join(seen, 'm'), k);
    expect(await savedAt(join(seen, 'm'), true)).toBe(3);
    expect(saveNumberOf(found(await o.restoreAll(join(seen, 'm'))))).toBe(3);
    lab.fs.set();
    expect(await savedAt(join(real, 'm'), true)).toBe(3);
    if (faults.some(({ on, error }) => on === 'flock' && error !== undefined)) {
      // Nobody can say that it is dead.
      expect(filesOf(join(real, 'm'))).toEqual(expect.arrayContaining(dead));
    } else onlyGeneration(join(real, 'm'));
  });

  test('many saves of one process leave one generation', async () => {
    const { seen, real } = lab.directory();
    lab.fs.set(...faults);
    for (let k = 1; k <= 6; k++) await save(join(seen, 'm'), k, { shards: 1 + (k % 2) });
    onlyGeneration(join(real, 'm'));
    expect(await savedAt(join(real, 'm'), true)).toBe(6);
    await removeCheckpoint(join(seen, 'm'));
    expect(readdirSync(real)).toEqual([]);
  });

  test('beside a save that is not done', async () => {
    const { seen, real } = lab.directory();
    await save(join(seen, 'm'), 1);
    lab.fs.set(...faults);
    let go = (): void => undefined;
    const gate = new Promise<void>(done => {
      go = done;
    });
    let begin = (): void => undefined;
    const begun = new Promise<void>(done => {
      begin = done;
    });
    const slow = new CheckpointWriter(join(seen, 'm'));
    slow.add('v', {
      dtype: 'int32',
      shape: [1],
      data: async () => {
        begin();
        await gate;
        return new Int32Array([7]);
      },
    });
    const finished = slow.finish();
    await Promise.race([begun, finished]);
    for (const k of [2, 3]) await save(join(seen, 'm'), k);
    expect(await savedAt(join(real, 'm'), true)).toBe(3);
    go();
    await finished;
    expect((await verifyCheckpoint(join(real, 'm'))).problems).toEqual([]);
    lab.fs.set();
    await save(join(seen, 'm'), 4);
    onlyGeneration(join(real, 'm'));
  });
});

describe('EIO in the same calls is an error', () => {
  const lab = new FaultLab();
  for (const on of ['flock', 'fsyncdir', 'chmod', 'statfs', 'fallocate']) {
    test(`${on} in an overwrite`, async () => {
      const { seen, real } = lab.directory();
      await save(join(seen, 'm'), 1);
      const before = contents(real);
      lab.fs.set({ on, error: 'EIO' });
      const caught = await errorOf(save(join(seen, 'm'), 2));
      expect(lab.fs.hits().length).toBeGreaterThan(0);
      lab.fs.set();
      expect(caught).toMatchObject({ name: 'TensorBundleError', code: 'ERR_IO' });
      expect(contents(real)).toEqual(before);
    });
  }

  test('the sync of the directory after the commit: committed, but not certain', async () => {
    const { seen, real } = lab.directory();
    await save(join(seen, 'm'), 1);
    lab.fs.set({ on: 'fsyncdir', error: 'EIO', skip: 1 });
    expect(await errorOf(save(join(seen, 'm'), 2))).toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
    lab.fs.set();
    expect(await savedAt(join(real, 'm'), true)).toBe(2);
  });
});

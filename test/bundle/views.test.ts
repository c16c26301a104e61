/** When `read` gives a view of the mapped file, when a copy, and what a file that is cut under a view does. */
import '../crash/fault-engine.js';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { addonPath, type Fault, faulty } from '../native/fault-binding.js';

const scratch = new Scratch('views');
const VALUES = 4096;

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

async function save(directory = scratch.directory()): Promise<string> {
  const writer = new CheckpointWriter(join(directory, 'model'), { durable: false });
  writer.add('t', { dtype: 'float32', shape: [VALUES], data: Float32Array.from({ length: VALUES }, (_, i) => i) });
  const half = (begin: number): Float32Array => Float32Array.from({ length: VALUES / 2 }, (_, i) => begin + i);
  for (const begin of [0, VALUES / 2])
    writer.addSlice('p', [VALUES], [begin], { dtype: 'float32', shape: [VALUES / 2], data: half(begin) });
  await writer.finish();
  return writer.prefix;
}

const mmaps = (): number => faulty.operations().filter(({ syscall }) => syscall === 'mmap').length;

/** What two reads of the tensor and one of a whole slice give, and whether they share memory. */
async function look(prefix: string, faults: readonly Fault[]): Promise<{ shared: boolean; mmaps: number }> {
  faulty.setFaults(faults);
  const reader = await CheckpointReader.open(prefix);
  try {
    const [a, b] = [(await reader.read('t')).data, (await reader.read('t')).data] as Float32Array[];
    const slice = (await reader.read('p', { begin: [VALUES / 2] })).data as Float32Array;
    expect([a![0], a![VALUES - 1], slice[0], slice.length]).toEqual([0, VALUES - 1, VALUES / 2, VALUES / 2]);
    a![7] = -1;
    const shared = b![7] === -1;
    expect(slice.buffer === a!.buffer).toBe(shared);
    const fresh = (await reader.read('t', { copy: true })).data as Float32Array;
    expect(fresh[7]).toBe(7);
    return { shared, mmaps: mmaps() };
  } finally {
    await reader.close();
  }
}

test('on a local file system: views of one private mapping', async () => {
  expect(await look(await save(), [])).toEqual({ shared: true, mmaps: 1 });
  const disk = mkdtempSync(join(tmpdir(), 'views-'));
  try {
    expect(await look(await save(disk), [])).toEqual({ shared: true, mmaps: 1 });
  } finally {
    rmSync(disk, { recursive: true });
  }
});

test('on a network or FUSE file system: copies, and nothing is mapped', async () => {
  const remote: Fault = { at: 1, syscall: 'fstatfs', action: 'short', sticky: true };
  expect(await look(await save(), [remote])).toEqual({ shared: false, mmaps: 0 });
});

test('where the kind of file system cannot be told: copies', async () => {
  const unknown: Fault = { at: 1, syscall: 'fstatfs', action: 'error', errno: 'ENOSYS', sticky: true };
  expect(await look(await save(), [unknown])).toEqual({ shared: false, mmaps: 0 });
});

test.each(['ENODEV', 'EINVAL', 'ENOMEM', 'EAGAIN', 'EACCES', 'EPERM', 'ENOSYS', 'ENOTSUP', 'EOVERFLOW', 'ENFILE'])(
  'where mmap is refused with %s: copies',
  async errno => {
    const refused: Fault = { at: 1, syscall: 'mmap', action: 'error', errno, sticky: true };
    expect((await look(await save(), [refused])).shared).toBe(false);
  },
);

test('an I/O error of mmap is an error', async () => {
  const prefix = await save();
  await expect(look(prefix, [{ at: 1, syscall: 'mmap', action: 'error', errno: 'EIO' }])).rejects.toMatchObject({
    code: 'ERR_IO',
  });
});

test('a file that is cut after it was read from a network file system does no harm', async () => {
  const prefix = await save();
  faulty.setFaults([{ at: 1, syscall: 'fstatfs', action: 'short', sticky: true }]);
  const reader = await CheckpointReader.open(prefix);
  const { data } = await reader.read('t');
  truncateSync(`${prefix}.data-00000-of-00001`, 0);
  expect((data as Float32Array)[VALUES - 1]).toBe(VALUES - 1);
  await expect(reader.read('t')).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
  await reader.close();
});

test('a file that is cut under a view ends the process with SIGBUS; under a copy it does no harm', async () => {
  const run = async (copy: boolean): Promise<{ signal: string | null; stdout: string }> => {
    const script = `
      const { CheckpointReader } = await import(${JSON.stringify(pathToFileURL('dist/index.js').href)});
      const { truncateSync } = await import('node:fs');
      const [prefix] = process.argv.slice(-1);
      const reader = await CheckpointReader.open(prefix);
      const { data } = await reader.read('t', { copy: ${copy} });
      truncateSync(prefix + '.data-00000-of-00001', 0);
      console.log(data[${VALUES - 1}]);
    `;
    const env = { ...process.env, TENSORBUNDLE_BINDING: addonPath };
    const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, await save()], {
      env,
      encoding: 'utf8',
    });
    return { signal, stdout };
  };
  expect(await run(true)).toEqual({ signal: null, stdout: `${VALUES - 1}\n` });
  expect(await run(false)).toEqual({ signal: 'SIGBUS', stdout: '' });
});

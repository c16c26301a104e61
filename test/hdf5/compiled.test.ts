/** h5wasm in its thread: whatever becomes of it, the process goes on, and each call ends with a typed error. */
import { performance } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { TensorBundleError } from '../../src/errors.js';
import { CompiledFile } from '../../src/hdf5/compiled/compiled-file.js';
import { findLibrary } from '../../src/hdf5/compiled/library-place.js';
import type { Hdf5Dataset } from '../../src/hdf5/hdf5-file.js';
import { isDeep } from '../depth.js';
import { fixture, readHostile } from './hostile-files.js';
import { rangeOf } from './open-files.js';

const library = findLibrary('x.h5', 'something');
const latest = fixture('latest.h5');

/** A library that does `open` where h5wasm opens a file. */
function fake(open: string, ready = ''): string {
  const code = `export const ready = (async () => { ${ready}; return {
    FS: { create: () => ({}), ErrnoError: Error },
    open: () => { ${open} },
  }; })();`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** WebAssembly that runs into `unreachable`. */
const TRAP = `const bytes = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11,
); new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f()`;

describe('a library that fails', () => {
  test.each([
    ['traps', TRAP, /unreachable/],
    ['throws something of its own', 'throw new TypeError("oh")', /oh/],
    ['ends its thread', 'process.exit(3)', /it ended/],
    ['refuses the file', 'throw new Error("not mine")', /not mine/],
    ['has no memory left', 'throw new RangeError("Array buffer allocation failed")', /allocation/],
  ])('%s', async (_, open, message) => {
    const opening = CompiledFile.open(rangeOf(latest), undefined, fake(open));
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CORRUPT', path: 'made.h5' });
    await expect(opening).rejects.toThrow(message);
  });

  test('cannot be loaded', async () => {
    const opening = CompiledFile.open(
      rangeOf(latest),
      undefined,
      'data:text/javascript,throw new Error("no wasm here")',
    );
    await expect(opening).rejects.toThrow(/made\.h5: h5wasm cannot read it: no wasm here/);
  });

  test.each([
    ['computes for ever', 'for (;;) ;', ''],
    ['is never ready', '', 'await new Promise(() => setInterval(() => 0, 1000))'],
    ['loads for ever', '', 'for (;;) ;'],
  ])('%s', async (_, open, ready) => {
    const stop = new AbortController();
    const started = performance.now();
    const aborted = CompiledFile.open(rangeOf(latest), stop.signal, fake(open, ready));
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    const late = CompiledFile.open(rangeOf(latest), undefined, fake(open, ready), 300);
    await expect(late).rejects.toMatchObject({ code: 'ERR_CORRUPT', path: 'made.h5' });
    await expect(late).rejects.toThrow(/gave no answer for 0\.3 s/);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

test('a file that cannot be read fails with its own error, and a read that never ends can be aborted', async () => {
  const range = rangeOf(latest);
  const stop = new AbortController();
  const broken = new TensorBundleError('ERR_IO', 'cannot read made.h5: EIO', { path: 'made.h5' });
  let state: 'well' | 'broken' | 'waiting' = 'well';
  const read: typeof range.file.read = (offset, into) => {
    if (state === 'broken') return Promise.reject(broken);
    return state === 'waiting' ? new Promise(() => undefined) : range.file.read(offset, into);
  };
  await using file = await CompiledFile.open({ ...range, file: { ...range.file, read } }, stop.signal, library);
  const dataset = (await file.at('a/b/float32')) as Hdf5Dataset;
  state = 'broken';
  await expect(file.read(dataset)).rejects.toBe(broken);
  state = 'well';
  expect(Array.from((await file.read(dataset)).data as Float32Array)).toEqual([0, 1, 2, 3, 4, 5]);
  state = 'waiting';
  setTimeout(() => stop.abort(), 100);
  const waiting = file.at('half').catch((error: unknown) => error);
  expect(await waiting).toMatchObject({ code: 'ERR_ABORTED' });
  await expect(file.at('half')).rejects.toMatchObject({ code: 'ERR_ABORTED' });
});

test('a file that nobody closes does not keep the process alive, but a call does', async () => {
  const ports = (): number => process.getActiveResourcesInfo().filter(name => name === 'MessagePort').length;
  const before = ports();
  await using file = await CompiledFile.open(rangeOf(latest), undefined, library);
  expect(ports()).toBe(before);
  const names = file.root.names();
  await Promise.resolve();
  expect(ports()).toBeGreaterThan(before);
  await names;
  expect(ports()).toBe(before);
});

test('calls under way end when the file is closed, and none begins afterwards', async () => {
  const file = await CompiledFile.open(rangeOf(latest), undefined, library);
  const reads = [file.at('half'), file.root.names(), file.root.attributes()].map(read => read.catch(error => error));
  await file[Symbol.asyncDispose]();
  for (const read of reads) expect(await read).toMatchObject({ code: 'ERR_CLOSED', path: 'made.h5' });
  await expect(file.root.names()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});

test('damaged files', async () => {
  const bytes = fixture('old.h5');
  const open = (given: Uint8Array, read: { bytes: number }): Promise<CompiledFile> =>
    CompiledFile.open(rangeOf(given, read), undefined, library);
  expect((await readHostile(bytes, open)).codes).toEqual([]);
  const refused: string[] = [];
  const damage = async (whole: Buffer, at: number): Promise<void> => {
    const changed = Buffer.from(whole);
    changed[at]! ^= 0xff;
    refused.push(...(await readHostile(changed, open)).codes);
  };
  await damage(bytes, bytes.indexOf('SNOD'));
  await damage(latest, latest.indexOf('OHDR'));
  const count = isDeep ? 15 : 0;
  for (let i = 0; i < count; i++) {
    for (const whole of [bytes, latest]) await damage(whole, Math.floor(((i + 0.5) * whole.length) / count / 2));
  }
  expect(refused).toContain('ERR_CORRUPT');
});

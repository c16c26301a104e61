/** The addon through Node: every function of the contract, wrong arguments, closed handles and leaks. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Handle, Shard } from '../../src/binding.js';
import { faulty as native } from './fault-binding.js';

let path: string;
let directory: Handle;

beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'tensorbundle-'));
  native.setFaults(null);
  directory = await native.openDirectory(path);
});

afterEach(async () => {
  native.setFaults(null);
  await native.close(directory);
  rmSync(path, { recursive: true });
  expect(native.openDescriptors()).toBe(0);
});

async function open(name: string): Promise<Handle> {
  const handle = await native.open(directory, name, 'read');
  if (handle === null) throw new Error(`${name} is not there`);
  return handle;
}

describe('CRC32C', () => {
  test('every kernel gives the same', () => {
    const kernels = native.crc32cKernels();
    expect(kernels.at(-1)).toBe('portable');
    const data = randomBytes(300_001).subarray(1);
    const results = kernels.map(name => {
      native.selectCrc32cKernel(name);
      expect(native.crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
      const half = native.crc32c(data.subarray(0, 123_457));
      expect(native.crc32c(data.subarray(123_457), half)).toBe(native.crc32c(data));
      return native.crc32c(data);
    });
    native.selectCrc32cKernel(kernels[0]!);
    expect(new Set(results).size).toBe(1);
    expect(() => native.selectCrc32cKernel('none')).toThrow(RangeError);
  });

  test.runIf(existsSync('/proc/cpuinfo'))('the kernels are those whose instructions the system reports', () => {
    const [, line] = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))!;
    const flags = new Set(line!.trim().split(' '));
    const needed: Record<string, string[]> = {
      avx512: ['avx512f', 'avx512vl', 'avx2', 'vpclmulqdq', 'pclmulqdq', 'sse4_2'],
      avx2: ['avx2', 'vpclmulqdq', 'pclmulqdq', 'sse4_2'],
      sse42: ['pclmulqdq', 'sse4_2'],
      pmull: ['pmull', 'crc32'],
      arm64: ['crc32'],
      portable: [],
    };
    const usable = Object.keys(needed).filter(name => needed[name]!.every(flag => flags.has(flag)));
    expect(native.crc32cKernels()).toEqual(usable);
  });

  test('views of any kind', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(9));
    shared.set(Buffer.from('123456789'));
    expect(native.crc32c(shared)).toBe(0xe3069283);
    expect(native.crc32c(new DataView(shared.slice().buffer))).toBe(0xe3069283);
    expect(native.crc32c(new Float64Array(0))).toBe(0);
    const detached = new Uint8Array(8);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(native.crc32c(detached)).toBe(0);
    expect(() => native.crc32c(new ArrayBuffer(8) as unknown as ArrayBufferView)).toThrow(TypeError);
  });

  test('combination', () => {
    const a = randomBytes(1000);
    const b = randomBytes(777);
    const whole = native.crc32c(Buffer.concat([a, b]));
    expect(native.crc32cCombine(native.crc32c(a), native.crc32c(b), b.length)).toBe(whole);
    expect(() => native.crc32cCombine(0, 0, -1)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });
});

describe('directories and small files', () => {
  test('create, write, stat, rename, list, unlink', async () => {
    const file = await native.open(directory, 'ä b', 'create', 0o640);
    await native.writeAll(file!, Buffer.from('hello'));
    await native.sync(file!);
    const stat = await native.stat(file!);
    expect(stat).toMatchObject({ kind: 'file', size: 5, mode: 0o640, links: 1 });
    const real = statSync(join(path, 'ä b'), { bigint: true });
    expect(stat?.identity).toBe(`${real.dev}:${real.ino}`);
    expect(stat?.modified).toBe(real.mtimeNs);
    await expect(native.open(directory, 'ä b', 'create')).rejects.toMatchObject({ code: 'EEXIST', syscall: 'open' });
    await native.setMode(file!, 0o600);
    await native.rename(directory, 'ä b', 'c');
    expect(await native.list(directory)).toEqual(['c']);
    expect(Buffer.from(await native.readAll(file!, 5)).toString()).toBe('hello');
    await expect(native.readAll(file!, 4)).rejects.toMatchObject({ code: 'EFBIG' });
    expect((await native.stat(directory, 'c'))?.mode).toBe(0o600);
    await native.close(file!);
    expect(await native.unlink(directory, 'c')).toBe(true);
    expect(await native.unlink(directory, 'c')).toBe(false);
    expect(await native.stat(directory, 'c')).toBeNull();
    expect(await native.open(directory, 'c', 'read')).toBeNull();
    expect(await native.makeDirectoryAt(directory, 'sub')).toBe(true);
    expect(await native.makeDirectoryAt(directory, 'sub')).toBe(false);
    const { identity } = (await native.stat(directory, 'sub'))!;
    await native.close((await native.open(directory, 'file', 'create'))!);
    await native.exchange(directory, 'sub', 'file');
    expect((await native.stat(directory, 'file'))?.identity).toBe(identity);
    expect((await native.stat(directory, 'sub'))?.kind).toBe('file');
    await expect(native.exchange(directory, 'sub', 'absent')).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'renameat2',
    });
    await expect(native.removeDirectoryAt(directory, 'sub')).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect(await native.removeDirectoryAt(directory, 'file')).toBe(true);
    expect(await native.removeDirectoryAt(directory, 'file')).toBe(false);
    await native.unlink(directory, 'sub');
    await native.sync(directory);
    expect(await native.freeSpace(directory)).toBeGreaterThan(0);
  });

  test('links are not followed where it matters, and a FIFO is refused at once', async () => {
    writeFileSync(join(path, 'target'), 'x');
    symlinkSync('target', join(path, 'link'));
    expect((await native.stat(directory, 'link'))?.kind).toBe('symlink');
    expect((await native.stat(directory, 'link', true))?.kind).toBe('file');
    await native.close(await open('link'));
    await expect(native.open(directory, 'link', 'lock')).rejects.toMatchObject({ code: 'ELOOP' });
    execFileSync('mkfifo', [join(path, 'fifo')]);
    await expect(native.open(directory, 'fifo', 'read')).rejects.toMatchObject({ code: 'EFTYPE' });
    await expect(native.open(directory, '../x', 'read')).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('locks', async () => {
    writeFileSync(join(path, 'file'), '');
    const first = await native.open(directory, 'file', 'lock');
    const second = await native.open(directory, 'file', 'lock');
    expect(await native.tryLock(first!)).toBe(true);
    expect(await native.tryLock(second!)).toBe(false);
    await native.unlock(first!);
    expect(await native.tryLock(second!)).toBe(true);
    await native.close(second!);
    expect(await native.tryLock(first!)).toBe(true);
    await native.close(first!);
  });

  test('closed handles and wrong objects', async () => {
    writeFileSync(join(path, 'file'), 'x');
    const file = await open('file');
    await native.close(file);
    await native.close(file);
    await expect(native.stat(file)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(native.map(file, 0, 1)).rejects.toMatchObject({ code: 'EBADF' });
    const shard = await native.createShard(directory, 'shard', 0);
    for (const wrong of [{}, null, 5, shard, new Proxy(directory, {})]) {
      await expect(native.stat(wrong as Handle)).rejects.toThrow(TypeError);
    }
    await expect(native.appendShard(directory as unknown as Shard, [], Float64Array.of())).rejects.toThrow(TypeError);
    await native.closeShard(shard);
  });
});

describe('copying', () => {
  test('any part of any view, to any place', () => {
    const bytes = randomBytes(5000);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const whole = new Uint8Array(bytes);
    const views = [whole, new Float32Array(whole.buffer), new DataView(whole.buffer), shared];
    for (const view of views) {
      for (let round = 0; round < 300; round++) {
        const length = Math.floor(Math.random() * (round % 2 === 0 ? 200 : 4000));
        const start = Math.floor(Math.random() * (bytes.length - length + 1));
        const into = new Uint8Array(5003).fill(7);
        const at = Math.floor(Math.random() * (into.length - length + 1));
        const seed = native.crc32c(into.subarray(0, round % 3));
        const crc = native.copyBytes(view, start, into, at, length, seed);
        const expected = new Uint8Array(5003).fill(7);
        expected.set(bytes.subarray(start, start + length), at);
        expect(Buffer.compare(into, expected)).toBe(0);
        expect(crc).toBe(native.crc32c(bytes.subarray(start, start + length), seed));
      }
    }
  });

  test('what is not there is refused, and nothing is copied', () => {
    const from = new Uint8Array(10).fill(1);
    const into = new Uint8Array(10);
    const gone = new Uint8Array(10);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    for (const [view, start, target, at, length] of [
      [from, 1, into, 0, 10],
      [from, 0, into, 1, 10],
      [from, 11, into, 0, 0],
      [from, 2 ** 53 - 1, into, 0, 2 ** 53 - 1],
      [gone, 0, into, 0, 1],
      [from, 0, gone, 0, 1],
    ] as const) {
      expect(() => native.copyBytes(view, start, target, at, length, 0)).toThrow(
        expect.objectContaining({ code: 'EINVAL' }),
      );
    }
    expect(() => native.copyBytes([] as unknown as Uint8Array, 0, into, 0, 0, 0)).toThrow(TypeError);
    expect(() => native.copyBytes(from, '0' as unknown as number, into, 0, 0, 0)).toThrow(TypeError);
    expect([...into]).toEqual(new Array(10).fill(0));
    expect(native.copyBytes(gone, 0, into, 10, 0, 7)).toBe(7);
  });
});

describe('shards', () => {
  const append = (shard: Shard, data: Uint8Array): Promise<Uint32Array> =>
    native.appendShard(shard, [data], Float64Array.of(data.length));

  test('what is checksummed is what is written, wherever items and views end', async () => {
    const views = [randomBytes(12), new Uint8Array(0), randomBytes(1_500_000), randomBytes(8), randomBytes(800_000)];
    const bytes = Buffer.concat(views);
    const lengths = [5, 0, 1_499_012, 0, bytes.length - 1_499_017, 0];
    const shard = await native.createShard(directory, 'shard', bytes.length, 0o600);
    const crcs = await native.appendShard(shard, views, Float64Array.from(lengths));
    const ends = [5, 5, 1_499_017, 1_499_017, bytes.length, bytes.length];
    expect([...crcs]).toEqual(ends.map((end, i) => native.crc32c(bytes.subarray(end - lengths[i]!, end))));
    await native.finishShard(shard, true);
    await native.closeShard(shard);
    await native.closeShard(shard);
    expect(readFileSync(join(path, 'shard')).equals(bytes)).toBe(true);
    expect(native.operations().filter(({ syscall }) => syscall === 'fdatasync')).toHaveLength(1);
    await expect(native.appendShard(shard, [], Float64Array.of())).rejects.toMatchObject({ code: 'EBADF' });
  });

  test('bytes whose checksums are known are written in few calls, in their place between others', async () => {
    const views = [randomBytes(100), randomBytes(3_000_000), randomBytes(100)] as const;
    const bytes = Buffer.concat([...views, views[0]]);
    const shard = await native.createShard(directory, 'shard', bytes.length);
    await append(shard, views[0]);
    expect(await native.appendShard(shard, [views[1], views[2]])).toBeUndefined();
    const [crc] = await append(shard, views[0]);
    await native.finishShard(shard, false);
    await native.closeShard(shard);
    expect(crc).toBe(native.crc32c(views[0]));
    expect(readFileSync(join(path, 'shard')).equals(bytes)).toBe(true);
    // The chunk is filled first; then MiB by MiB, and the last whole blocks; then the rest.
    expect(native.operations().filter(({ syscall }) => syscall === 'pwrite')).toHaveLength(5);
  });

  test('items that are not the bytes of the views are refused, and nothing is written', async () => {
    const shard = await native.createShard(directory, 'shard', 4);
    for (const lengths of [[3], [5], [4, 1], [], [2 ** 53 - 1, 2 ** 53 - 1, 4]]) {
      const appended = native.appendShard(shard, [new Uint8Array(4)], Float64Array.from(lengths));
      await expect(appended).rejects.toMatchObject({ code: 'EINVAL' });
    }
    for (const length of [-1, 0.5, Number.NaN, 2 ** 60]) {
      const appended = native.appendShard(shard, [new Uint8Array(4)], Float64Array.of(length));
      await expect(appended).rejects.toMatchObject({ code: 'EINVAL' });
    }
    await expect(native.appendShard(shard, [], [] as unknown as Float64Array)).rejects.toThrow(TypeError);
    await append(shard, new Uint8Array(4));
    await native.finishShard(shard, false);
    await native.closeShard(shard);
    expect(readFileSync(join(path, 'shard'))).toHaveLength(4);
  });

  test('calls of one shard happen in the order in which they are made', async () => {
    const pieces = Array.from({ length: 30 }, (_, i) => randomBytes(i % 3 === 0 ? 1 << 20 : 1000 * i));
    const bytes = Buffer.concat(pieces);
    const shard = await native.createShard(directory, 'shard', bytes.length);
    const calls = pieces.map(piece => append(shard, piece));
    const finished = native.finishShard(shard, true);
    const closed = native.closeShard(shard);
    await expect(append(shard, new Uint8Array(1))).rejects.toMatchObject({ code: 'EBADF' });
    await Promise.all([finished, closed]);
    expect((await Promise.all(calls)).map(([crc]) => crc)).toEqual(pieces.map(piece => native.crc32c(piece)));
    expect(readFileSync(join(path, 'shard')).equals(bytes)).toBe(true);
  });

  test('a failed write is the answer to the calls behind it', async () => {
    const data = randomBytes(1 << 20);
    const shard = await native.createShard(directory, 'shard', 4 * data.length);
    native.setFaults([{ at: 5, syscall: 'pwrite', action: 'error', errno: 'ENOSPC' }]);
    const calls = await Promise.allSettled([1, 2, 3, 4].map(() => append(shard, data)));
    expect(calls.map(call => call.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(native.operations().filter(({ syscall }) => syscall === 'pwrite')).toHaveLength(5);
    await native.closeShard(shard);
  });

  test('a failed sync is the answer for ever', async () => {
    const shard = await native.createShard(directory, 'shard', 3);
    await append(shard, new Uint8Array(3));
    native.setFaults([{ at: 1, syscall: 'fdatasync', action: 'error', errno: 'EIO' }]);
    for (let i = 0; i < 3; i++) {
      await expect(native.finishShard(shard, true)).rejects.toMatchObject({
        code: 'EIO',
        syscall: 'fdatasync',
        path: join(path, 'shard'),
      });
    }
    expect(native.operations().filter(({ syscall }) => syscall === 'fdatasync')).toHaveLength(1);
    await native.closeShard(shard);
  });

  test('a full disk leaves nothing behind', async () => {
    native.setFaults([{ at: 1, syscall: 'fallocate', action: 'error', errno: 'ENOSPC' }]);
    await expect(native.createShard(directory, 'shard', 100)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await native.list(directory)).toEqual([]);
    const shard = await native.createShard(directory, 'other', 5);
    await append(shard, new Uint8Array(4));
    await expect(native.finishShard(shard, false)).rejects.toMatchObject({ code: 'EINVAL' });
    await native.closeShard(shard);
    for (const bytes of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      await expect(native.createShard(directory, 'bad', bytes)).rejects.toMatchObject({ code: 'EINVAL' });
    }
  });
});

describe('reading', () => {
  const data = randomBytes((33 << 20) + 5);

  test('checksums and reads of ranges, in any order', async () => {
    writeFileSync(join(path, 'a'), data);
    writeFileSync(join(path, 'b'), data.subarray(100, 5000));
    const files = [await open('a'), await open('b')];
    const fileOf = new Uint32Array([0, 1, 0, 1, 0]);
    const offsets = new Float64Array([17, 3000, 0, 0, 5]);
    const lengths = new Float64Array([1000, 1900, data.length, 10, 0]);
    const expected = [...fileOf].map((file, i) => {
      const start = offsets[i]! + 100 * file;
      return data.subarray(start, start + lengths[i]!);
    });
    const crcs = expected.map(bytes => native.crc32c(bytes));
    expect([...(await native.checksumRanges(files, fileOf, offsets, lengths))]).toEqual(crcs);
    const into = [...lengths].map(length => new Uint8Array(length));
    expect([...(await native.readRanges(files, fileOf, offsets, into))]).toEqual(crcs);
    for (const [i, bytes] of into.entries()) expect(Buffer.compare(bytes, expected[i]!)).toBe(0);
    const short = native.checksumRanges(files, new Uint32Array(1), new Float64Array([9]), new Float64Array([1e9]));
    await expect(short).rejects.toMatchObject({ code: 'ESHORT', offset: data.length, path: join(path, 'a') });
    for (const [file, offset, length] of [
      [2, 0, 1],
      [0, -1, 1],
      [0, 0.5, 1],
      [0, 0, Number.NaN],
    ] as const) {
      const bad = native.checksumRanges(
        files,
        new Uint32Array([file]),
        new Float64Array([offset]),
        new Float64Array([length]),
      );
      await expect(bad).rejects.toMatchObject({ code: 'EINVAL' });
    }
    for (const file of files) await native.close(file);
  });

  test('a handle may be closed while it is read', async () => {
    writeFileSync(join(path, 'a'), data);
    const file = await open('a');
    const read = native.checksumRanges(
      [file],
      new Uint32Array(1),
      new Float64Array(1),
      new Float64Array([data.length]),
    );
    await native.close(file);
    expect((await read)[0]).toBe(native.crc32c(data));
  });

  test('100,000 small ranges take few reads', async () => {
    writeFileSync(join(path, 'a'), data.subarray(0, 6_400_000));
    const file = await open('a');
    const offsets = new Float64Array(100_000).map((_, i) => i * 64);
    native.setFaults(null);
    await native.checksumRanges([file], new Uint32Array(100_000), offsets, new Float64Array(100_000).fill(64));
    expect(native.operations().filter(({ syscall }) => syscall === 'pread')).toHaveLength(25);
    await native.close(file);
  });

  test('mappings are private, writable, and outlive the handle', async () => {
    writeFileSync(join(path, 'a'), data);
    const file = await open('a');
    const mapped = await native.map(file, 4097, 10_000);
    await native.close(file);
    const view = new Uint8Array(mapped!);
    expect(Buffer.compare(view, data.subarray(4097, 14_097))).toBe(0);
    view.fill(0);
    expect(readFileSync(join(path, 'a')).equals(data)).toBe(true);
    const again = await open('a');
    expect((await native.map(again, data.length, 0))?.byteLength).toBe(0);
    await expect(native.map(again, 1, data.length)).rejects.toMatchObject({ code: 'ESHORT', offset: data.length });
    await native.close(again);
  });

  test('a mapping above the limit of this Node is an error', async () => {
    const file = await native.open(directory, 'sparse', 'create');
    execFileSync('truncate', ['-s', '5G', join(path, 'sparse')]);
    const mapped = native.map(file!, 0, 5 * 2 ** 30);
    if (Number(process.versions.node.split('.')[0]) < 22) await expect(mapped).rejects.toMatchObject({ code: 'EFBIG' });
    else expect((await mapped)?.byteLength).toBe(5 * 2 ** 30);
    expect((await native.map(file!, 2 ** 32 + 1, 100))?.byteLength).toBe(100);
    await native.close(file!);
  });
});

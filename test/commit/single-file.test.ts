/** A save of one file: what it replaces and what it refuses, what stays where it fails, and which of two saves wins. */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { native } from '../../src/binding.js';
import { nextCall } from '../../src/commit/call-order.js';
import { type FileContent, type FileProgress, publishFile } from '../../src/commit/single-file/publish-file.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { bytesOfFile, contentOf, numberIn, saveAt } from './saved-file.js';

const scratch = new Scratch('single-file');
const SMALL = 300;
let directory: string;
let path: string;
const mode = (file: string): number => statSync(file).mode & 0o7777;
const found = (...among: number[]): Promise<number | null> => numberIn(path, among, SMALL);
const save = (k: number, options: Parameters<typeof saveAt>[2] = {}): Promise<void> => saveAt(path, k, options, SMALL);

beforeEach(() => {
  directory = scratch.directory();
  path = join(directory, 'm.h5');
});
afterEach(() => {
  expect(faulty.openDescriptors()).toBe(0);
  faulty.setFaults(null);
});

/** A content that waits for `go` before its last byte. */
function heldContent(k: number): { content: FileContent; go: () => void } {
  let go = (): void => undefined;
  const gate = new Promise<void>(resolve => {
    go = resolve;
  });
  const { bytes, pieces } = heldPieces(k, gate);
  return { content: { bytes, pieces }, go: () => go() };
}

function heldPieces(k: number, gate: Promise<void>): FileContent {
  const inner = contentOf(k, SMALL);
  return {
    bytes: inner.bytes,
    async *pieces() {
      for await (const piece of inner.pieces()) {
        yield piece.subarray(0, -1);
        await gate;
        yield piece.subarray(-1);
      }
    },
  };
}

describe('what has the name', () => {
  test('nothing: directories are made, and the permissions are the usual ones', async () => {
    path = join(directory, 'a/b/m.h5');
    await save(1);
    writeFileSync(join(directory, 'usual'), '');
    expect(await found(1)).toBe(1);
    expect(mode(path)).toBe(mode(join(directory, 'usual')));
    expect(readdirSync(join(directory, 'a/b'))).toEqual(['m.h5']);
  });

  test('a file is replaced, and never written to; its permissions are kept', async () => {
    await save(1);
    chmodSync(path, 0o640);
    linkSync(path, join(directory, 'other name'));
    await save(2);
    expect(await found(1, 2)).toBe(2);
    expect(mode(path)).toBe(0o640);
    expect(await numberIn(join(directory, 'other name'), [1, 2], SMALL)).toBe(1);
    expect(readdirSync(directory).sort()).toEqual(['m.h5', 'other name']);
  });

  test('a link is replaced, and not what it leads to', async () => {
    const target = join(directory, 'target.h5');
    await saveAt(target, 1, {}, SMALL);
    chmodSync(target, 0o604);
    symlinkSync('target.h5', path);
    await save(2);
    expect(lstatSync(path).isFile()).toBe(true);
    expect(mode(path)).toBe(0o604);
    expect([await found(2), await numberIn(target, [1, 2], SMALL)]).toEqual([2, 1]);
    const dangling = join(directory, 'dangling.h5');
    symlinkSync('nowhere', dangling);
    await saveAt(dangling, 3, {}, SMALL);
    expect(await numberIn(dangling, [3], SMALL)).toBe(3);
  });

  test('anything else is refused, and stays', async () => {
    mkdirSync(join(directory, 'd.h5'));
    symlinkSync('d.h5', join(directory, 'link.h5'));
    execFileSync('mkfifo', [join(directory, 'fifo.h5')]);
    for (const name of ['d.h5', 'link.h5', 'fifo.h5', 'd.h5/', '.']) {
      const error = { code: 'ERR_EXISTS', message: expect.stringMatching(/is not replaced, because it is/) };
      await expect(saveAt(`${directory}/${name}`, 1, {}, SMALL), name).rejects.toMatchObject(error);
    }
    expect(readdirSync(directory).sort()).toEqual(['d.h5', 'fifo.h5', 'link.h5']);
    expect(readlinkSync(join(directory, 'link.h5'))).toBe('d.h5');
    await expect(saveAt('/', 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await expect(saveAt('a\0b', 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    writeFileSync(join(directory, 'file'), '');
    await expect(saveAt(join(directory, 'file/m.h5'), 1)).rejects.toMatchObject({ path: join(directory, 'file') });
    await expect(saveAt(join(directory, 'x'.repeat(256)), 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await saveAt(join(directory, 'x'.repeat(255)), 1, {}, SMALL);
    expect(await numberIn(join(directory, 'x'.repeat(255)), [1], SMALL)).toBe(1);
  });

  test("overwrite: 'error' replaces nothing, at the start and at the commit", async () => {
    await save(1, { overwrite: 'error' });
    const exists = { code: 'ERR_EXISTS', path, message: expect.stringContaining("overwrite: 'atomic'") };
    const content = { bytes: 1, pieces: () => expect.fail('asked for data') };
    const options = { durable: false, overwrite: 'error', call: nextCall() } as const;
    await expect(publishFile(path, options, content)).rejects.toMatchObject(exists);
    path = join(directory, 'n.h5');
    const { content: late, go } = heldContent(2);
    const saving = publishFile(path, { ...options, call: nextCall() }, late);
    writeFileSync(path, 'of another program');
    go();
    await expect(saving).rejects.toMatchObject({ code: 'ERR_EXISTS', path });
    expect(readFileSync(path, 'utf8')).toBe('of another program');
    expect(readdirSync(directory).sort()).toEqual(['m.h5', 'n.h5']);
  });
});

describe('a save that does not come to its end', () => {
  const cases: [string, Partial<FileContent>, object][] = [
    ['too few bytes', { bytes: 10_000 }, { code: 'ERR_IO', expected: 10_000 }],
    ['too many bytes', { bytes: 100 }, { code: 'ERR_IO', expected: 100 }],
    ['no room', { bytes: 2 ** 50 }, { code: 'ERR_NO_SPACE', expected: 2 ** 50 }],
    ['what is written is not right', { check: () => Promise.reject(new RangeError('no')) }, { message: 'no' }],
    [
      'a source that fails',
      {
        async *pieces() {
          yield new Uint8Array(7);
          throw new RangeError('no source');
        },
      },
      { message: 'no source' },
    ],
  ];
  test.each(cases)('%s', async (_, content, error) => {
    await save(1);
    const call = nextCall();
    const whole = { ...contentOf(2, SMALL), pieces: () => contentOf(2, SMALL).pieces() };
    const bytes = contentOf(2, SMALL).bytes;
    await expect(publishFile(path, { durable: true, call }, { ...whole, bytes, ...content })).rejects.toMatchObject(
      error,
    );
    expect(await found(1, 2)).toBe(1);
    expect(readdirSync(directory)).toEqual(['m.h5']);
  });

  test('an abort before, while it is written, and before the commit', async () => {
    await save(1);
    const aborted = { code: 'ERR_ABORTED' };
    await expect(save(2, { signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    for (const moment of ['write', 'commit'] as const) {
      const stop = new AbortController();
      const onProgress = ({ phase }: FileProgress): void => (phase === moment ? stop.abort() : undefined);
      const signal = stop.signal;
      await expect(saveAt(path, 2, { signal, onProgress }), moment).rejects.toMatchObject(aborted);
      expect(readdirSync(directory)).toEqual(['m.h5']);
    }
    expect(await found(1, 2)).toBe(1);
  });

  test('the sync after the commit fails: the file is there, but nothing is promised', async () => {
    await save(1);
    faulty.setFaults([{ at: 1, syscall: 'fsync', action: 'error' }]);
    await expect(save(2)).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN', path });
    expect(await found(1, 2)).toBe(2);
    expect(readdirSync(directory)).toEqual(['m.h5']);
  });

  test('a full disk shows before anything is written', async () => {
    await save(1);
    faulty.setFaults([{ at: 1, syscall: 'fallocate', action: 'error', errno: 'ENOSPC' }]);
    await expect(save(2)).rejects.toMatchObject({ code: 'ERR_NO_SPACE' });
    expect(faulty.operations().some(({ syscall }) => syscall === 'pwrite')).toBe(false);
    expect(readdirSync(directory)).toEqual(['m.h5']);
  });
});

describe('order', () => {
  test('the data is synced, then the file renamed, then the directory synced', async () => {
    faulty.setFaults([]);
    const seen: FileProgress[] = [];
    await saveAt(path, 1, { onProgress: one => seen.push(one) });
    const order = faulty.operations().map(({ syscall }) => syscall);
    const [synced, renamed, after] = ['fdatasync', 'rename', 'fsync'].map(name => order.indexOf(name));
    expect(order.lastIndexOf('pwrite')).toBeLessThan(synced!);
    expect(synced).toBeLessThan(renamed!);
    expect(renamed).toBeLessThan(after!);
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(['write', 'sync', 'commit']);
    const { byteLength } = await bytesOfFile(1);
    expect(seen.at(-1)).toEqual({ phase: 'commit', bytes: byteLength, totalBytes: byteLength });
    const written = seen.filter(({ phase }) => phase === 'write').map(({ bytes }) => bytes);
    expect(written).toEqual([...written].sort((a, b) => a - b));
    expect(written.at(-1)).toBe(byteLength);
    faulty.setFaults([]);
    await saveAt(path, 2, { durable: false });
    expect(faulty.operations().some(({ syscall }) => /^fsync|^fdatasync|^sync_file/.test(syscall))).toBe(false);
  });

  test('the later of two calls stays, whichever ends first', async () => {
    const { content, go } = heldContent(1);
    const older = publishFile(path, { durable: true, call: nextCall() }, content);
    await save(2, { durable: false });
    faulty.setFaults([]);
    go();
    await older;
    expect(await found(1, 2)).toBe(2);
    // The older one was to be on stable storage, so the later one is put there.
    expect(faulty.operations().filter(({ syscall, path: at }) => syscall === 'fsync' && at === path)).toHaveLength(1);
    await Promise.all(Array.from({ length: 12 }, (_, i) => save(10 + i, { durable: i % 2 === 0 })));
    expect(await found(...Array.from({ length: 12 }, (_, i) => 10 + i))).toBe(21);
    expect(readdirSync(directory)).toEqual(['m.h5']);
  });

  test('a call that was overtaken before it began asks for no data', async () => {
    const call = nextCall();
    await save(2);
    const content = { ...contentOf(1, SMALL), bytes: 1, pieces: () => expect.fail('asked for data') };
    await publishFile(path, { durable: true, call }, content);
    expect(await found(2)).toBe(2);
  });
});

describe('a file system that lacks', () => {
  const lacks: [string, string, string][] = [
    ['locks', 'flock', 'ENOLCK'],
    ['syncs of directories', 'fsync', 'EINVAL'],
    ['a number of free bytes', 'statvfs', 'ENOSYS'],
    ['reservation', 'fallocate', 'EOPNOTSUPP'],
  ];
  test.each(lacks)('%s saves all the same', async (_, syscall, errno) => {
    await save(1);
    faulty.setFaults([{ at: 1, syscall, action: 'error', errno, sticky: true }]);
    await save(2);
    await Promise.all([save(3), save(4)]);
    expect(faulty.operations().filter(one => one.syscall === syscall && one.result < 0)).not.toEqual([]);
    expect(await found(4)).toBe(4);
    expect(readdirSync(directory)).toEqual(['m.h5']);
  });
});

test('a source may use its memory again', async () => {
  const memory = new Uint8Array(1000);
  const pieces = async function* () {
    for (let i = 0; i < 9000; i++) yield memory.fill(i);
  };
  await publishFile(path, { durable: false, call: nextCall() }, { bytes: 9_000_000, pieces });
  const written = readFileSync(path);
  expect(written.every((byte, i) => byte === (Math.floor(i / 1000) & 255))).toBe(true);
});

test('what dead saves of this name have left is removed, and nothing else', async () => {
  const id = '0123456789abcdef';
  const dead = [`.m.h5.new-${id}`, `.m.h5.saving-${id}`, `.m.h5.new-${id.replace('0', 'f')}`];
  const alive = [`.m.h5.new-${id.replace('0', 'a')}`, `.m.h5.saving-${id.replace('0', 'a')}`];
  const others = [`.m.h5.new-${id}0`, '.m.h5.new-', `.n.h5.new-${id}`, `m.h5.new-${id}`, '.m.h5'];
  for (const name of [...dead, ...others, alive[0]!]) writeFileSync(join(directory, name), name);
  const opened = await native.openDirectory(directory);
  const held = (await native.open(opened, alive[1]!, 'create'))!;
  expect(await native.tryLock(held)).toBe(true);
  await save(1);
  expect(readdirSync(directory).sort()).toEqual([...alive, ...others, 'm.h5'].sort());
  await native.close(held);
  await native.close(opened);
  await save(2);
  expect(readdirSync(directory).sort()).toEqual([...others, 'm.h5'].sort());
});

test('a save that another process took for dead fails, and replaces nothing', async () => {
  await save(1);
  const { content, go } = heldContent(2);
  const saving = publishFile(path, { durable: false, call: nextCall() }, content);
  await expect.poll(() => readdirSync(directory).length).toBe(3);
  for (const name of readdirSync(directory)) {
    if (name.includes('.saving-')) execFileSync('rm', [join(directory, name)]);
  }
  go();
  await expect(saving).rejects.toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('was removed while') });
  expect(await found(1, 2)).toBe(1);
  expect(readdirSync(directory)).toEqual(['m.h5']);
});

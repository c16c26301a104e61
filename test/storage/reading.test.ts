/**
 * Reading from a FUSE mount: copies instead of views, so that nobody's truncation kills the process; errors of reads
 * are typed.
 */
import '../crash/fault-engine.js';
import { spawn } from 'node:child_process';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CheckpointReader, readCheckpointState, updateCheckpointState, verifyCheckpoint } from '../../src/index.js';
import { save, savedAt, tensorsOf, writerOf } from '../crash/generation.js';
import { faulty } from '../native/fault-binding.js';
import { FaultLab } from './fault-file-system.js';
import { errorOf } from './operations.js';

const lab = new FaultLab();
const LOOKER = fileURLToPath(new URL('looker.mjs', import.meta.url));
/** Many pages, so that some are touched only after the truncation. */
const LARGE = 4_000_000;

test('a data file truncated under a reader: what was read stays right, and the process lives', async () => {
  const { seen, real } = lab.directory();
  await writerOf(join(real, 'm'), tensorsOf(7, LARGE), {}).finish();
  const child = spawn(process.execPath, [LOOKER, join(seen, 'm'), '7'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | string | null>(done =>
    child.once('close', (code, signal) => done(signal ?? code)),
  );
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line !== 'read') continue;
    for (const name of readdirSync(real).filter(file => file.includes('data'))) {
      truncateSync(join(real, name), 0);
      // The kernel hears of it here, and takes the pages of a mapping away.
      expect(statSync(join(seen, name)).size).toBe(0);
    }
    child.stdin.write('\n');
  }
  expect(await ended).toBe(0);
  expect(said[0]).toBe('read');
  expect(said[1]).toMatch(/^right (read|ERR_\w+)$/);
});

describe('a read that fails', () => {
  test('of a data file is ERR_IO with its path, and a finding of verify', async () => {
    const { seen, real } = lab.directory();
    await save(join(seen, 'm'), 1);
    await using reader = await CheckpointReader.open(join(seen, 'm'));
    lab.fs.set({ on: 'read', name: '*.data-*', error: 'EIO' });
    const path = join(seen, 'm.data-00000-of-00001');
    expect(await errorOf(reader.read('large', { copy: true }))).toMatchObject({ code: 'ERR_IO', path });
    const report = await verifyCheckpoint(join(seen, 'm'));
    expect(report.ok).toBe(false);
    expect(report.problems[0]).toMatchObject({ code: 'ERR_IO' });
    lab.fs.set();
    expect(await savedAt(join(real, 'm'))).toBe(1);
  });

  test.for(['EIO', 'ESTALE'] as const)('of the index: %s is ERR_IO', async error => {
    const { seen } = lab.directory();
    await save(join(seen, 'm'), 1);
    lab.fs.set({ on: 'read', name: '*.index', error });
    const open = faulty.openDescriptors();
    expect(await errorOf(CheckpointReader.open(join(seen, 'm')))).toMatchObject({ code: 'ERR_IO' });
    expect(faulty.openDescriptors()).toBe(open);
  });

  test('of the state file is ERR_IO', async () => {
    const { seen } = lab.directory();
    await updateCheckpointState(seen, { modelCheckpointPath: join(seen, 'm') });
    lab.fs.set({ on: 'read', name: 'checkpoint', error: 'EIO' });
    expect(await errorOf(readCheckpointState(seen))).toMatchObject({ code: 'ERR_IO', path: join(seen, 'checkpoint') });
  });

  test.for(['EMFILE', 'EACCES', 'EIO'] as const)('no descriptor for a data file: %s, and none leaks', async error => {
    const { seen } = lab.directory();
    await save(join(seen, 'm'), 1);
    const open = faulty.openDescriptors();
    lab.fs.set({ on: 'open', name: '*.data-*', error });
    const caught = await errorOf(savedAt(join(seen, 'm')));
    expect(caught).toMatchObject({ code: error === 'EACCES' ? 'ERR_PERMISSION' : 'ERR_IO' });
    expect(faulty.openDescriptors()).toBe(open);
  });
});

test('readers beside overwrites, names and attributes cached: never a mixture', async () => {
  const { seen } = lab.directory();
  const prefix = join(seen, 'm');
  await save(prefix, 1);
  lab.fs.set({ on: 'option', cache: 10 });
  let done = false;
  const writing = (async () => {
    for (let k = 2; k <= 40; k++) await save(prefix, k, { durable: false });
    done = true;
  })();
  let reads = 0;
  let last = 1;
  while (!done) {
    const k = await savedAt(prefix, true);
    expect(k).toBeGreaterThanOrEqual(last);
    last = k;
    reads++;
  }
  await writing;
  expect(reads).toBeGreaterThan(0);
  expect(await savedAt(prefix, true)).toBe(40);
});

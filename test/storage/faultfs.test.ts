/** The file system of these tests itself: a sound one without faults, each fault is what it says, no mount is left. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { save, savedAt } from '../crash/generation.js';
import { type Errno, type Fault, FaultLab } from './fault-file-system.js';

const lab = new FaultLab();

test('without faults it is a file system: saved, read, overwritten, unlinked while open', async () => {
  const { seen, real } = lab.directory();
  for (const k of [1, 2, 3]) {
    await save(join(seen, 'm'), k);
    expect(await savedAt(join(seen, 'm'))).toBe(k);
    expect(await savedAt(join(real, 'm'))).toBe(k);
  }
  expect(readdirSync(seen).sort()).toEqual(readdirSync(real).sort());
  const file = join(seen, 'f');
  writeFileSync(file, 'text');
  const open = openSync(file, 'r');
  unlinkSync(file);
  expect(readdirSync(real)).not.toContain('f');
  expect(fstatSync(open).size).toBe(4);
  expect(readFileSync(open, 'utf8')).toBe('text');
  closeSync(open);
  expect(lab.fs.hits()).toEqual([]);
});

/** What a program does in a directory, and the calls that can fail in it. */
const CALLS: Record<string, (directory: string) => unknown> = {
  create: directory => writeFileSync(join(directory, 'new'), ''),
  open: directory => readFileSync(join(directory, 'old')),
  read: directory => readFileSync(join(directory, 'old')),
  write: directory => writeFileSync(join(directory, 'new'), 'bytes'),
  close: directory => closeSync(openSync(join(directory, 'old'), 'r+')),
  fsync: directory => fsyncSync(openSync(join(directory, 'old'), 'r+')),
  fsyncdir: directory => fsyncSync(openSync(directory, 'r')),
  rename: directory => renameSync(join(directory, 'old'), join(directory, 'other')),
  unlink: directory => unlinkSync(join(directory, 'old')),
  readdir: directory => readdirSync(directory),
  statfs: directory => statfsSync(directory),
};

test.for(Object.keys(CALLS))('%s says the errno that it is told, of the files that it is told', on => {
  const { seen, real } = lab.directory();
  writeFileSync(join(real, 'old'), 'bytes');
  const call = CALLS[on]!;
  lab.fs.set({ on, name: 'nobody', error: 'EDQUOT' });
  const names = readdirSync(real);
  call(seen);
  expect(lab.fs.hits()).toEqual([]);
  for (const name of readdirSync(real)) rmSync(join(real, name));
  for (const name of names) writeFileSync(join(real, name), 'bytes');
  for (const error of ['EDQUOT', 'EIO'] satisfies Errno[]) {
    lab.fs.set({ on, error });
    expect(() => call(seen)).toThrow(error === 'EIO' ? 'EIO' : /EDQUOT|122/);
    expect(lab.fs.hits().every(hit => hit.startsWith(`${on} `))).toBe(true);
    expect(lab.fs.hits().length).toBeGreaterThan(0);
  }
});

test('dropped and short writes, an error after the deed, counted faults, no blocks', () => {
  const { seen, real } = lab.directory();
  lab.fs.set({ on: 'write', drop: true });
  writeFileSync(join(seen, 'f'), 'bytes');
  expect(readFileSync(join(real, 'f'), 'utf8')).toBe('');
  lab.fs.set({ on: 'write', short: 2 });
  // Node goes on with the rest by itself.
  writeFileSync(join(seen, 'f'), 'bytes');
  expect(lab.fs.hits()).toEqual(['write f', 'write f', 'write f']);
  expect(readFileSync(join(real, 'f'), 'utf8')).toBe('bytes');
  lab.fs.set({ on: 'rename', error: 'EIO', after: true });
  expect(() => renameSync(join(seen, 'f'), join(seen, 'g'))).toThrow('EIO');
  expect(readdirSync(real)).toEqual(['g']);
  lab.fs.set({ on: 'unlink', error: 'EIO', skip: 1, count: 1 });
  const attempts = ['a', 'b', 'c'].map(name => {
    writeFileSync(join(real, name), '');
    try {
      unlinkSync(join(seen, name));
      return 'gone';
    } catch {
      return 'failed';
    }
  });
  expect(attempts).toEqual(['gone', 'failed', 'gone']);
  lab.fs.set({ on: 'statfs', zero: true } satisfies Fault);
  expect(statfsSync(seen)).toMatchObject({ blocks: 0, bavail: 0 });
});

test('a mount ends with the process that made it, however that ends and whatever is open', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultfs-owner-'));
  const program = fileURLToPath(new URL('../../.tools/faultfs/faultfs', import.meta.url));
  const script = `
    const { spawn } = require('node:child_process'), fs = require('node:fs');
    for (const name of ['mount', 'backing']) fs.mkdirSync(name);
    const words = ['backing', process.cwd() + '/mount', 'control', 'log'];
    const child = spawn(${JSON.stringify(program)}, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdout.once('data', () => {
      fs.writeSync(fs.openSync('mount/open', 'w'), 'x');
      console.log(fs.existsSync('backing/open'));
      process.kill(process.pid, 'SIGKILL');
    });`;
  const owner = spawn(process.execPath, ['-e', script], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  owner.stdout!.on('data', (bytes: Buffer) => {
    said += bytes;
  });
  await new Promise(done => owner.once('close', done));
  expect(said).toBe('true\n');
  const mounted = (): boolean => readFileSync('/proc/self/mountinfo', 'utf8').includes(folder);
  await expect.poll(mounted, { timeout: 20_000 }).toBe(false);
  rmSync(folder, { recursive: true });
});

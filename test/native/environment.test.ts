/**
 * The addon and the life of an environment: worker threads, exits in the middle of work, garbage, idle processes. What
 * is not about faults is asked of both binaries: the one compiled here and the published one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CHECKOUT, hostPrebuild } from '../package/pack.js';
import { addonPath, faultAddonPath } from './fault-binding.js';

const ADDONS = [
  { kind: 'compiled', file: addonPath },
  { kind: 'prebuilt', file: join(CHECKOUT, 'prebuilds', hostPrebuild()) },
];

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tensorbundle-'));
});
afterEach(() => rmSync(path, { recursive: true }));

/** Runs JavaScript in its own process; `native`, `path` and `save` are there. */
function run(script: string, { addon, flags = [] }: { addon: string; flags?: string[] }) {
  const prelude = `
    const native = require(${JSON.stringify(addon)});
    const path = ${JSON.stringify(path)};
    const big = new Uint8Array(64 << 20);
    async function save(name) {
      const shard = await native.createShard(await native.openDirectory(path), name, big.length);
      await native.appendShard(shard, [big], Float64Array.of(big.length));
      await native.finishShard(shard, true);
      await native.closeShard(shard);
    }
  `;
  const options = { encoding: 'utf8', timeout: 60_000 } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', prelude + script], options);
  return { status, signal, stdout: stdout.trim(), stderr };
}

test.each(ADDONS)('the process may exit at any moment of a save ($kind)', ({ file }) => {
  for (const delay of [0, 5, 20, 60]) {
    const script = `for (let i = 0; i < 6; i++) save('s' + i); setTimeout(() => process.exit(7), ${delay});`;
    expect(run(script, { addon: file })).toMatchObject({ status: 7, signal: null });
    rmSync(path, { recursive: true });
    path = mkdtempSync(join(tmpdir(), 'tensorbundle-'));
  }
});

test.each(ADDONS)('an idle addon keeps no process alive, a job does ($kind)', ({ file }) => {
  const script = `save('s').then(() => console.log('saved'));`;
  expect(run(script, { addon: file })).toMatchObject({ status: 0, stdout: 'saved' });
});

test.each(ADDONS)('worker threads use the addon, and may be terminated in the middle ($kind)', ({ file }) => {
  const script = `
    const { Worker, isMainThread } = require('node:worker_threads');
    const count = directory => require('node:fs').readdirSync(directory).length;
    async function main() {
      const start = await new Promise(resolve => setTimeout(() => resolve(count('/proc/self/fd')), 50));
      for (let i = 0; i < 8; i++) {
        const worker = new Worker(
          'const native = require(' + JSON.stringify(${JSON.stringify(file)}) + ');' +
          'const path = ' + JSON.stringify(path) + '; const big = new Uint8Array(64 << 20);' + save.toString() +
          'for (let j = 0; j < 4; j++) save("w" + ' + i + ' + "-" + j); setInterval(() => {}, 1000);', { eval: true });
        await new Promise(resolve => worker.on('online', resolve));
        await new Promise(resolve => setTimeout(resolve, 30 * i));
        await worker.terminate();
        const fs = require('node:fs');
        for (const name of fs.readdirSync(path)) fs.unlinkSync(path + '/' + name);
      }
      await save('m');
      console.log(count('/proc/self/fd') - start);
    }
    main();
  `;
  const { status, signal, stdout } = run(script, { addon: file });
  // One more is the directory handle of the last save, which only the garbage collector closes.
  expect({ status, signal, left: Number(stdout) }).toEqual({ status: 0, signal: null, left: expect.any(Number) });
  expect(Number(stdout)).toBeLessThanOrEqual(2);
});

test.each(ADDONS)('a worker may be terminated while its jobs settle ($kind)', ({ file }) => {
  // Many small jobs, some that fail: at any moment one is about to resolve or reject in an environment that goes down.
  const script = `
    const { Worker } = require('node:worker_threads');
    const code = 'const native = require(' + JSON.stringify(${JSON.stringify(file)}) + ');' +
      'const path = ' + JSON.stringify(path) + ';' +
      'async function busy() { for (;;) {' +
      '  const directory = await native.openDirectory(path);' +
      '  await native.stat(directory, "absent");' +
      '  await native.openDirectory(path + "/absent").catch(() => null);' +
      '  await native.close(directory); } }' +
      'for (let i = 0; i < 8; i++) busy();';
    async function main() {
      for (let i = 0; i < 30; i++) {
        const worker = new Worker(code, { eval: true });
        await new Promise(resolve => worker.on('online', resolve));
        await new Promise(resolve => setTimeout(resolve, 10 + 2 * i));
        await worker.terminate();
      }
      console.log('alive');
    }
    main();
  `;
  expect(run(script, { addon: file })).toMatchObject({ status: 0, signal: null, stdout: 'alive' });
});

test('garbage closes handles and unmaps mappings', () => {
  const script = `
    async function use() {
      const directory = await native.openDirectory(path);
      for (let i = 0; i < 100; i++) {
        const file = await native.open(directory, 'f' + i, 'create');
        await native.writeAll(file, new Uint8Array(10000));
        new Uint8Array(await native.map(file, 1, 9000))[5] = 1;
        await native.createShard(directory, 's' + i, 10);
      }
      console.log(native.openDescriptors(), native.mappings());
    }
    use().then(async () => {
      for (let i = 0; i < 20 && native.openDescriptors() + native.mappings() > 0; i++) {
        gc();
        await new Promise(resolve => setTimeout(resolve, 20));
      }
      console.log(native.openDescriptors(), native.mappings());
    });
  `;
  const { stdout, stderr } = run(script, { addon: faultAddonPath, flags: ['--expose-gc'] });
  expect(stderr).toBe('');
  const [before, after] = stdout.split('\n');
  expect(before).toMatch(/^\d+ \d+$/);
  expect(after).toBe('0 0');
});

test.each(ADDONS)('buffers stay alive until the promise settles ($kind)', ({ file }) => {
  const script = `
    (async () => {
      const directory = await native.openDirectory(path);
      const shard = await native.createShard(directory, 's', 64 << 20);
      const appended = native.appendShard(shard, [new Uint8Array(64 << 20).fill(9)], Float64Array.of(64 << 20));
      for (let i = 0; i < 5; i++) { gc(); new Uint8Array(64 << 20).fill(i); }
      const [crc] = await appended;
      console.log(crc === native.crc32c(new Uint8Array(64 << 20).fill(9)));
    })();
  `;
  expect(run(script, { addon: file, flags: ['--expose-gc'] })).toMatchObject({ status: 0, stdout: 'true' });
});

test('a fault can kill the process before a system call', () => {
  const script = `native.setFaults([{ at: 2, syscall: 'pwrite', action: 'kill' }]); save('s');`;
  expect(run(script, { addon: faultAddonPath })).toMatchObject({ status: null, signal: 'SIGKILL' });
});

test.each(ADDONS)('the event loop turns while a save runs ($kind)', ({ file }) => {
  const script = `
    (async () => {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      await Promise.all([save('a'), save('b')]);
      clearInterval(timer);
      console.log(turns > 5);
    })();
  `;
  expect(run(script, { addon: file })).toMatchObject({ status: 0, stdout: 'true' });
});

/**
 * Memory of the addon that JavaScript moves into another ArrayBuffer (`transfer()`, Node 22 and later) and to another
 * thread: it lives as long as whoever holds it, also beyond the end of the thread that read it. On the newest Node that
 * there is; the deep run asks all.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isDeep } from '../depth.js';
import { hostNodes } from '../package/lives/nodes.js';
import { addonPath } from './fault-binding.js';

const SIZE = 1 << 20;

let path: string;
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'tensorbundle-'));
  writeFileSync(join(path, 'file'), new Uint8Array(SIZE).fill(1));
});
afterAll(() => rmSync(path, { recursive: true }));

const PRELUDE = `
  const native = require(process.env.ADDON);
  const path = process.env.FOLDER;
  const { Worker, parentPort } = require('node:worker_threads');
  const open = async () => native.open(await native.openDirectory(path), 'file', 'read');
  const GIVE = {
    map: async () => native.map(await open(), 0, ${SIZE}),
    readAll: async () => (await native.readAll(await open(), ${SIZE})).buffer,
    readNow: async () => native.readNow(path, 'file', ${SIZE}).buffer,
  };
  const MOVE = {
    transfer: buffer => buffer.transfer(),
    transferToFixedLength: buffer => buffer.transferToFixedLength(),
    clone: buffer => { const moved = buffer.transfer(); return structuredClone(moved, { transfer: [moved] }); },
  };
  const sum = buffer => new Uint8Array(buffer).reduce((total, byte) => total + byte, 0);
  const mapped = () => require('node:fs').readFileSync('/proc/self/maps', 'utf8').split(path + '/file').length - 1;
  const collect = async done => {
    for (let i = 0; i < 50 && !done(); i++) { gc(); await new Promise(resolve => setTimeout(resolve, 10)); }
  };
  /** Runs code in a worker; what it posted, once it has ended. */
  const inWorker = async code => {
    const worker = new Worker(process.env.PRELUDE + '(async () => {' + code + '})();', { eval: true });
    let posted;
    worker.on('message', message => { posted = message; });
    await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
    return posted;
  };
`;

/** What the script prints, in a process of its own. */
function run(command: readonly string[], env: Record<string, string>, script: string): unknown {
  const code = `${PRELUDE}(async () => { console.log(JSON.stringify(await (async () => {${script}})())); })();`;
  const [file, ...flags] = command;
  const { status, signal, stdout, stderr } = spawnSync(file!, [...flags, '--expose-gc', '-e', code], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...env, ADDON: addonPath, FOLDER: path, PRELUDE },
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

const nodes = (isDeep ? hostNodes() : hostNodes().slice(-1)).map(node => ({
  ...node,
  moves: Number(node.version.split('.')[0]) >= 22,
}));

for (const { version, command, env, moves } of nodes) {
  for (const give of ['map', 'readAll', 'readNow']) {
    for (const move of ['transfer', 'transferToFixedLength', 'clone']) {
      if (moves)
        test(`${give}: ${move} to a thread that outlives the reader's (Node ${version})`, () => {
          const script = `
          const moved = await inWorker(
            'const moved = MOVE.${move}(await GIVE.${give}()); parentPort.postMessage(moved, [moved]);');
          await collect(() => false);
          const seen = sum(moved);
          new Uint8Array(moved).fill(2);
          return [seen, sum(moved)];`;
          expect(run(command, env, script)).toEqual([SIZE, 2 * SIZE]);
        });
    }

    if (moves)
      test(`${give}: moved to a worker, and from one worker to the next (Node ${version})`, () => {
        const script = `
        const take = 'const moved = await new Promise(resolve => parentPort.once("message", resolve));' +
          'parentPort.postMessage(sum(moved));';
        const worker = new Worker(process.env.PRELUDE + '(async () => {' + take + '})();', { eval: true });
        const answer = new Promise(resolve => worker.on('message', resolve));
        const moved = MOVE.transfer(await GIVE.${give}());
        worker.postMessage(moved, [moved]);
        const first = await answer;
        const between = await inWorker(
          'const moved = MOVE.transfer(await GIVE.${give}()); parentPort.postMessage(moved, [moved]);');
        const next = new Worker(process.env.PRELUDE + '(async () => {' + take + '})();', { eval: true });
        const second = new Promise(resolve => next.on('message', resolve));
        next.postMessage(between, [between]);
        return [first, await second, moved.byteLength, between.byteLength];`;
        expect(run(command, env, script)).toEqual([SIZE, SIZE, 0, 0]);
      });

    if (moves)
      test(`${give}: moved in one thread, the first buffer garbage (Node ${version})`, () => {
        const script = `
        let moved = MOVE.clone(await GIVE.${give}());
        await collect(() => false);
        const held = mapped();
        const seen = sum(moved);
        moved = null;
        await collect(() => mapped() === 0);
        return [seen, held, mapped()];`;
        expect(run(command, env, script)).toEqual([SIZE, give === 'map' ? 1 : 0, 0]);
      });
  }

  test(`a worker's end: garbage was unmapped, the rest only where it cannot have been moved (Node ${version})`, () => {
    const script = `
      const held = await inWorker(\`
        let kept = [await GIVE.map(), await GIVE.map(), await GIVE.map()];
        const before = mapped();
        kept = kept.slice(1);
        await collect(() => mapped() < before);
        globalThis.kept = kept;
        parentPort.postMessage([before, mapped()]);\`);
      return [...held, mapped()];`;
    expect(run(command, env, script)).toEqual([3, 2, moves ? 2 : 0]);
  });

  test(`a worker terminated in the middle, with buffers that were moved and others (Node ${version})`, () => {
    const script = `
      for (let i = 0; i < 10; i++) {
        const code = '(async () => { for (;;) { const one = await GIVE.map(); const other = await GIVE.readAll();' +
          'if (one.transfer) { const moved = one.transfer(); parentPort.postMessage(moved, [moved]); } } })();';
        const worker = new Worker(process.env.PRELUDE + code, { eval: true });
        let last;
        worker.on('message', message => { last = message; });
        await new Promise(resolve => setTimeout(resolve, 60 + 5 * i));
        await worker.terminate();
        if (last && sum(last) !== ${SIZE}) return 'wrong';
      }
      return 'alive';`;
    expect(run(command, env, script)).toBe('alive');
  });
}

/**
 * Lives of a process with the addon: `node lives.mjs NAME FOLDER [DELAY]`, in a folder where `tensorbundle` is
 * installed. What each must print and how it must end stands in expected.ts. The package is loaded only where a life
 * says so: which thread loads it, and which lets go of it last, is what this is about.
 */
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { roles, saveAndRead } from './roles.mjs';

const [name, folder, delay = '0'] = process.argv.slice(2);
/** How often what may race is tried; less where the processor is emulated. */
const REPEAT = Number(process.env.LIVES_REPEAT ?? 8);
/** What starts this Node again, where it needs a loader or an emulator. */
const [execPath, ...execArgv] = JSON.parse(process.env.LIVES_NODE ?? JSON.stringify([process.execPath]));

let count = 0;
const prefix = () => join(folder, `model-${process.pid}-${count++}`);

/** A worker in a role of roles.mjs. Its end is known even if nobody waits for it yet. */
function start(role, options = {}) {
  const data = { role, prefix: prefix(), folder };
  const worker = new Worker(new URL(import.meta.url), { workerData: data, ...options });
  const ready = new Promise(resolve => worker.once('message', resolve));
  const error = new Promise(resolve => worker.once('error', resolve));
  const exited = new Promise(resolve => worker.once('exit', resolve));
  return { worker, ready, error, exited };
}

/** Workers in a role that never ends, terminated at different moments of it. */
async function terminated(role) {
  const codes = [];
  for (let i = 0; i < REPEAT; i++) {
    const { worker, ready, exited } = start(role);
    await ready;
    await sleep((i * 7) % 45);
    await worker.terminate();
    codes.push(await exited);
  }
  console.log(codes.every(code => code === 1));
  console.log(await start('save').exited);
}

/** @type {Record<string, () => Promise<void> | void>} */
const lives = {
  async 'only a worker loads it'() {
    console.log(await start('load').exited);
  },
  async 'only a worker saves and reads'() {
    console.log(await start('save').exited);
  },
  async 'one worker after another'() {
    for (let i = 0; i < REPEAT; i++) console.log((await start('save').exited) + (await start('load').exited));
  },
  async 'four workers at once'() {
    const ends = [1, 2, 3, 4].map(() => start('save').exited);
    console.log(...(await Promise.all(ends)));
  },
  async 'a worker first, then the main thread'() {
    console.log(await start('save').exited);
    console.log(await saveAndRead(prefix()));
  },
  async 'the main thread first, then workers'() {
    console.log(await saveAndRead(prefix()));
    console.log(await start('save').exited, await start('save').exited);
  },
  async 'the main thread and a worker at once'() {
    const worker = start('save');
    console.log(await saveAndRead(prefix()), await worker.exited);
  },
  'a worker is terminated while it saves': () => terminated('saves'),
  'a worker is terminated while it reads': () => terminated('reads'),
  'a worker is terminated while it opens': () => terminated('opens'),
  'a worker is terminated while it loads': () => terminated('loads'),
  async 'a worker is terminated with views alive'() {
    for (let i = 0; i < REPEAT; i++) {
      const { worker, ready, exited } = start('views');
      const { sum, view } = await ready;
      await worker.terminate();
      globalThis.gc?.();
      // A copy: what was sent stays readable when the mapping that it was made from is gone.
      if (view.reduce((total, value) => total + value, 0) !== sum) console.log('changed');
      await exited;
    }
    console.log('done');
  },
  async 'a worker ends with views alive'() {
    for (let i = 0; i < REPEAT; i++) console.log(await start('leaves views').exited);
  },
  async 'a worker calls process.exit while it saves'() {
    for (let i = 0; i < REPEAT; i++) console.log(await start('exits').exited);
  },
  async 'a worker throws while it saves'() {
    for (let i = 0; i < REPEAT; i++) {
      const { error, exited } = start('throws');
      console.log((await error).message, await exited);
    }
  },
  async 'a worker runs out of memory while it saves'() {
    const { error, exited } = start('grows', { resourceLimits: { maxOldGenerationSizeMb: 24 } });
    console.log((await error).code, await exited);
    console.log(await start('save').exited);
  },
  async 'the addon is loaded again in the same thread'() {
    console.log(await start('loads again').exited);
    await roles['loads again']({ prefix: prefix() });
    console.log('done');
  },
  async 'process.exit while the main thread saves'() {
    void roles.saves({ prefix: prefix() });
    await sleep(Number(delay));
    process.exit(7);
  },
  async 'process.exit while workers save'() {
    const workers = [start('saves'), start('saves'), start('save')];
    await Promise.all(workers.map(({ ready }) => ready));
    await sleep(Number(delay));
    process.exit(7);
  },
  async 'the main thread ends while an unreferenced worker saves'() {
    const { worker, ready } = start('saves');
    await ready;
    await sleep(Number(delay));
    worker.unref();
  },
  async 'uncaught exception while the main thread saves'() {
    void roles.saves({ prefix: prefix() });
    await sleep(Number(delay));
    throw new Error('on purpose');
  },
  async 'uncaught exception while a worker saves'() {
    await start('saves').ready;
    await sleep(Number(delay));
    setImmediate(() => {
      throw new Error('on purpose');
    });
  },
  async 'SIGTERM while a worker saves'() {
    await start('saves').ready;
    await sleep(Number(delay));
    process.kill(process.pid, 'SIGTERM');
    await sleep(60_000);
  },
  async 'child processes'() {
    const child = life =>
      new Promise(resolve => {
        const args = [life, folder, '10'];
        const options = { execPath, execArgv, stdio: 'ignore' };
        fork(fileURLToPath(import.meta.url), args, options).on('exit', (code, signal) => resolve(signal ?? code));
      });
    console.log(await child('only a worker saves and reads'), await child('process.exit while workers save'));
    console.log(await saveAndRead(prefix()));
    console.log(await child('a worker first, then the main thread'));
  },
  async cluster() {
    if (cluster.isWorker) {
      await saveAndRead(prefix());
      console.assert((await start('save').exited) === 0);
      process.exit(Number(process.env.LIVES_CODE));
    }
    // cluster.fork() has no other way to say what runs the child.
    process.execPath = execPath;
    cluster.setupPrimary({ execArgv, args: [name, folder] });
    const ends = [0, 3].map(
      code =>
        new Promise(resolve =>
          cluster.fork({ LIVES_CODE: code }).on('exit', (status, signal) => resolve(signal ?? status)),
        ),
    );
    console.log(...(await Promise.all(ends)));
  },
};

if (isMainThread) await lives[name]();
else await roles[workerData.role](workerData);

/** What a thread does with the package in lives.mjs; it is loaded by the first that asks for it, never before. */
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, threadId } from 'node:worker_threads';

const MIB = 1 << 20;

async function save(prefix, mebibytes = 1) {
  const { CheckpointWriter } = await import('tensorbundle');
  const values = new Float32Array((mebibytes * MIB) / 4).fill(threadId + 1);
  const writer = new CheckpointWriter(prefix, { shards: 2 });
  writer.add('a', { dtype: 'float32', shape: [values.length], data: values });
  writer.add('b', { dtype: 'float32', shape: [3], data: new Float32Array([1, 2, 3]) });
  await writer.finish();
}

async function open(prefix) {
  const { CheckpointReader } = await import('tensorbundle');
  return CheckpointReader.open(prefix);
}

/** Gives 'read' if what was read is what was saved. */
export async function saveAndRead(prefix) {
  await save(prefix);
  const reader = await open(prefix);
  const { data } = await reader.read('b');
  await reader.close();
  return String(data) === '1,2,3' ? 'read' : `wrong: ${data}`;
}

const ready = (message = 'ready') => parentPort?.postMessage(message);

/** @type {Record<string, (data: { prefix: string }) => Promise<void>>} */
export const roles = {
  async load() {
    const { listVariables } = await import('tensorbundle');
    await listVariables('no/such').catch(() => undefined);
  },
  async save({ prefix }) {
    ready();
    if ((await saveAndRead(prefix)) !== 'read') process.exit(9);
  },

  // Those without an end, to be ended from outside.
  async saves({ prefix }) {
    await import('tensorbundle');
    ready();
    for (;;) await Promise.all([save(`${prefix}-1`, 8), save(`${prefix}-2`, 8)]);
  },
  async reads({ prefix }) {
    await save(prefix, 16);
    const reader = await open(prefix);
    ready();
    for (;;) await Promise.all([reader.read('a', { copy: true }), reader.read('a'), reader.read('b')]);
  },
  async opens({ prefix }) {
    await save(prefix);
    ready();
    for (;;) await Promise.all([1, 2, 3].map(() => open(prefix).then(reader => reader.close())));
  },
  async loads() {
    ready();
    await roles.load();
    await sleep(60_000);
  },
  async views({ prefix }) {
    await save(prefix, 4);
    const { data } = await (await open(prefix)).read('b');
    globalThis.kept = [data];
    ready({ sum: 6, view: data });
    await sleep(60_000);
  },

  // Those that end in a way of their own.
  async 'leaves views'({ prefix }) {
    await save(prefix, 4);
    const reader = await open(prefix);
    globalThis.kept = [reader, (await reader.read('a')).data, (await reader.read('b')).data];
  },
  async exits({ prefix }) {
    await import('tensorbundle');
    void roles.saves({ prefix });
    await sleep(5);
    process.exit(5);
  },
  async throws({ prefix }) {
    await import('tensorbundle');
    void roles.saves({ prefix });
    await sleep(5);
    throw new Error('on purpose');
  },
  async grows({ prefix }) {
    void roles.saves({ prefix });
    const kept = [];
    for (;;) {
      for (let i = 0; i < 50_000; i++) kept.push({ i });
      await sleep(0);
    }
  },
  /** As tools do that give each test its modules anew: the same library, another environment of it. */
  async 'loads again'() {
    const require = createRequire(import.meta.url);
    const addons = new Set();
    for (let i = 0; i < 5; i++) {
      const folder = require.resolve('tensorbundle/package.json').replace(/package\.json$/, '');
      const addon = createRequire(`${folder}dist/binding.js`)('node-gyp-build')(folder);
      addons.add(addon);
      await addon.close(await addon.openDirectory('.'));
      for (const file of Object.keys(require.cache)) if (file.endsWith('.node')) delete require.cache[file];
    }
    if (addons.size !== 5) throw new Error('it was not loaded again');
    await roles.load();
  },
};

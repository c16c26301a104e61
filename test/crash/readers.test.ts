/** Readers in other processes while one prefix is overwritten again and again, and two writers side by side. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isDeep } from '../depth.js';
import { addonPath } from '../native/fault-binding.js';
import { onlyGeneration, save, savedAt, tensorsOf, writerOf } from './generation.js';
import { Scratch } from './scratch.js';

const scratch = new Scratch('readers');
const OVERWRITES = isDeep ? 1000 : 300;
const script = fileURLToPath(new URL('reader.mjs', import.meta.url));

interface Counts {
  reads: number;
  mixed: number;
  errors: string[];
  distinct: number;
  viewsChanged: number;
}

class ReaderProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  constructor(prefix: string) {
    const env = { ...process.env, TENSORBUNDLE_BINDING: addonPath };
    this.#child = spawn(process.execPath, [script, prefix], { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  async ready(): Promise<void> {
    expect(await this.#line()).toBe('ready');
  }

  async stop(): Promise<Counts> {
    const line = this.#line();
    this.#child.stdin.end();
    return JSON.parse(await line) as Counts;
  }

  async #line(): Promise<string> {
    return ((await once(this.#lines, 'line')) as [string])[0];
  }
}

test(`${OVERWRITES} overwrites: no mixed read, no missing file, views unchanged`, { timeout: 240_000 }, async () => {
  const prefix = join(scratch.directory(), 'model');
  await save(prefix, 0, { shards: 2, durable: false });
  const readers = [new ReaderProcess(prefix), new ReaderProcess(prefix)];
  await Promise.all(readers.map(reader => reader.ready()));
  for (let k = 1; k <= OVERWRITES; k++) {
    // No generation is durable, so each is removed by the next and every name is taken again and again.
    await save(prefix, k, { shards: 1 + (k % 3), durable: false });
  }
  const counts = await Promise.all(readers.map(reader => reader.stop()));
  console.log(
    `${OVERWRITES} overwrites; reads ${counts.map(c => c.reads)}, of different saves ${counts.map(c => c.distinct)}`,
  );
  for (const { reads, mixed, errors, distinct, viewsChanged } of counts) {
    expect(errors).toEqual([]);
    expect(mixed).toBe(0);
    expect(viewsChanged).toBe(0);
    expect(reads).toBeGreaterThan(50);
    expect(distinct).toBeGreaterThan(20);
  }
  expect(await savedAt(prefix)).toBe(OVERWRITES);
  onlyGeneration(prefix);
});

test('two writers on one prefix: each result is whole, and the last leaves one generation', async () => {
  const prefix = join(scratch.directory(), 'model');
  const lanes = [1, 2].map(async lane => {
    for (let i = 0; i < 40; i++) {
      const k = lane * 1000 + i;
      await writerOf(prefix, tensorsOf(k), { shards: 1 + (i % 3), durable: i % 5 === 0 }).finish();
      const found = await savedAt(prefix);
      expect(found === k || Math.floor(found / 1000) !== lane, `${found} after ${k}`).toBe(true);
    }
  });
  await Promise.all(lanes);
  expect([1039, 2039]).toContain(await savedAt(prefix));
  await save(prefix, 7);
  onlyGeneration(prefix);
  expect(await savedAt(prefix)).toBe(7);
});

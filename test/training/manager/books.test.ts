/** The manager's books: the ledger's text, files that are too large, and work in proportion to what there is. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpoint, CheckpointManager, keepBest, keepLatest, type ManagerOptions } from '../../../src/tfjs.js';
import { KeptCheckpoints } from '../../../src/training/manager/kept-checkpoints.js';
import type { KeptCheckpoint } from '../../../src/training/manager/retention.js';

let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-books-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function fresh(): string {
  const directory = join(scratch, String(++runs));
  mkdirSync(directory);
  return directory;
}

function manage(directory: string, options: Partial<ManagerOptions> = {}): CheckpointManager {
  const v = tf.tidy(() => tf.variable(tf.scalar(1)));
  return new CheckpointManager(new Checkpoint({ v }), directory, { maxToKeep: 1, ...options });
}

const LIMIT = 4 * 1024 * 1024;
const ledgerOf = (directory: string): string => join(directory, 'checkpoint.tensorbundle');
const numbers = (manager: CheckpointManager): number[] => manager.kept.map(({ number }) => number);
const indexes = (directory: string): string[] => readdirSync(directory).filter(name => name.endsWith('.index'));

async function warningsOf(work: () => Promise<unknown>): Promise<(string | undefined)[]> {
  const heard: (string | undefined)[] = [];
  const listen = (warning: Error & { code?: string }): void => void heard.push(warning.code);
  process.on('warning', listen);
  try {
    await work();
    await new Promise(resolve => setImmediate(resolve));
  } finally {
    process.off('warning', listen);
  }
  return heard.filter(code => code?.startsWith('TENSORBUNDLE_'));
}

describe('the ledger', () => {
  it('metrics that are not finite hold over a restart, and so does the pin of who has them', async () => {
    const directory = fresh();
    const metrics = { nan: Number.NaN, up: Infinity, down: -Infinity, loss: 0.5 };
    const manager = manage(directory);
    await manager.pin((await manager.save({ metrics }))!);
    await manager.save();
    expect(manage(directory).kept).toMatchObject([{ number: 1, metrics, pinned: true }, { number: 2 }]);
    await manage(directory).save({ checkpointNumber: 3 });
    expect(indexes(directory)).toEqual(['ckpt-1.index', 'ckpt-3.index']);
  });

  it('what version 0.1 wrote for them is read as NaN', () => {
    const directory = fresh();
    const entry = { path: 'ckpt-1', number: 1, step: null, time: 1, metrics: { a: null, b: 1 }, pinned: true };
    writeFileSync(ledgerOf(directory), JSON.stringify({ version: 1, checkpoints: [entry] }));
    expect(manage(directory).kept).toMatchObject([{ metrics: { a: Number.NaN, b: 1 }, pinned: true }]);
  });

  it('an entry that is none is passed over, alone; of an entry only what belongs there is taken', async () => {
    const directory = fresh();
    const good = '"number": 1, "step": null, "time": 5, "pinned": true';
    const entries = [
      `{"path": "ckpt-1", ${good}, "metrics": {"__proto__": 7, "constructor": "x", "a": 1}, ` +
        '"__proto__": {"pinned": false}, "more": [1]}',
      `{"path": "ckpt-2", ${good.replace('1,', '1e999,')}, "metrics": {}}`,
      `{"path": "ckpt-3", ${good.replace('5', '-1e999')}, "metrics": {}}`,
      `{"path": "ckpt-4", ${good.replace('null', '"1"')}, "metrics": {}}`,
      `{"path": "ckpt-5", ${good}, "metrics": null}`,
      `{"path": "", ${good}, "metrics": {}}`,
      `{"path": "a\\u0000/ckpt-6", ${good}, "metrics": {}}`,
      `{"path": 7, ${good}, "metrics": {}}`,
      'null',
      '[]',
      `{"path": "ckpt-8", ${good}, "metrics": {"b": "NaN"}}`,
    ];
    writeFileSync(ledgerOf(directory), `{"version": 1, "checkpoints": [${entries.join(',')}]}`);
    const [first, second, ...rest] = manage(directory).kept;
    expect(rest).toEqual([]);
    expect(Object.keys(first!).sort()).toEqual(['metrics', 'number', 'path', 'pinned', 'step', 'time']);
    expect(Object.entries(first!.metrics)).toEqual([
      ['__proto__', 7],
      ['a', 1],
    ]);
    expect(second).toMatchObject({ path: join(directory, 'ckpt-8'), metrics: { b: Number.NaN } });
    await manage(directory, { retention: [keepBest({ metric: '__proto__', mode: 'max' })] }).save();
    expect(({} as { pinned?: boolean }).pinned).toBeUndefined();
  });

  it('the last entry goes from disk too', async () => {
    const directory = fresh();
    const manager = manage(directory);
    const path = (await manager.save())!;
    await manager.pin(path);
    await manager.save();
    await manager.unpin(path);
    await manager.save();
    expect(numbers(manage(directory))).toEqual([3]);
  });

  it('holds nothing that the state file says by itself', async () => {
    const directory = fresh();
    const manager = manage(directory, { maxToKeep: 3, retention: [keepLatest(2)] });
    await manager.save();
    await manager.save({ metrics: { loss: 1 } });
    const { checkpoints } = JSON.parse(readFileSync(ledgerOf(directory), 'utf8')) as { checkpoints: KeptCheckpoint[] };
    expect(checkpoints.map(({ path }) => path)).toEqual(['ckpt-2']);
    expect(numbers(manage(directory))).toEqual([1, 2]);
  });
});

describe('files that are too large', () => {
  it('a ledger counts as none, and is replaced', async () => {
    const directory = fresh();
    await manage(directory).save();
    writeFileSync(ledgerOf(directory), '');
    truncateSync(ledgerOf(directory), LIMIT + 1);
    const manager = manage(directory, { retention: [keepLatest(1)] });
    expect(numbers(manager)).toEqual([1]);
    await manager.save({ checkpointNumber: 2, metrics: { a: 1 } });
    expect(readFileSync(ledgerOf(directory)).length).toBeLessThan(1000);
  });

  it('a state file counts as damaged: what is on disk is found, nothing is removed, a save replaces it', async () => {
    const directory = fresh();
    const before = manage(directory, { maxToKeep: 3 });
    for (let i = 0; i < 3; i++) await before.save();
    truncateSync(join(directory, 'checkpoint'), LIMIT + 1);
    const manager = manage(directory);
    expect(manager.latestCheckpoint).toBeNull();
    expect(
      await warningsOf(async () => expect(await manager.restoreOrInitialize()).toBe(join(directory, 'ckpt-3'))),
    ).toEqual(['TENSORBUNDLE_FALLBACK']);
    await manager.save();
    expect(readFileSync(join(directory, 'checkpoint')).length).toBeLessThan(1000);
    expect(indexes(directory)).toHaveLength(4);
  });

  it('books that outgrow their file lose their older half, with a warning; the save succeeds, files stay', async () => {
    const directory = fresh();
    const now = Date.now() / 1000;
    // Relative as it is read, absolute as it is written.
    const long = 'x'.repeat(200);
    const lines = ['model_checkpoint_path: "ckpt-1"'];
    for (let i = 0, size = 0; size < LIMIT - 2000; i++) {
      const added = [
        `all_model_checkpoint_paths: "../${i}/${long}-1"`,
        `all_model_checkpoint_timestamps: ${now - 1e6 + i}`,
      ];
      size += added.join('\n').length + 1;
      lines.push(...added);
    }
    const named = (lines.length - 1) / 2;
    writeFileSync(join(directory, 'checkpoint'), `${lines.join('\n')}\nlast_preserved_timestamp: 1\n`);
    const manager = manage(directory, { maxToKeep: null });
    expect(manager.checkpoints).toHaveLength(named);
    expect(await warningsOf(() => manager.save({ checkpointNumber: 2 }))).toEqual(['TENSORBUNDLE_BOOKS']);
    expect(manager.checkpoints.length).toBeGreaterThan(named / 3);
    expect(basename(manager.checkpoints.at(-1)!)).toBe('ckpt-2');
    expect(manage(directory, { maxToKeep: null }).checkpoints).toEqual(manager.checkpoints);
    expect(existsSync(join(directory, 'ckpt-2.index'))).toBe(true);
  });
});

describe('100,000 checkpoints', () => {
  const count = 100_000;
  const rules = { maxToKeep: 2, keepCheckpointEveryNHours: null, retention: [], checkpointName: 'ckpt' };
  const paths = Array.from({ length: count }, (_, i) => `run/ckpt-${i}`);
  const state = {
    modelCheckpointPath: paths.at(-1)!,
    allModelCheckpointPaths: paths,
    allModelCheckpointTimestamps: paths.map((_, i) => 1000 + i),
    lastPreservedTimestamp: 1,
  };
  const made: KeptCheckpoint = { path: 'run/ckpt-n', number: 0, step: null, time: 1e6, metrics: {}, pinned: false };

  it.each([2, null])(
    'a sweep, pins and questions: each looks at them a bounded number of times, maxToKeep %s',
    maxToKeep => {
      const start = performance.now();
      let seen = 0;
      const retention = [
        {
          keep: (all: readonly KeptCheckpoint[]) => {
            seen += all.length;
            return all.slice(0, 1);
          },
        },
      ];
      const shelf = new KeptCheckpoints({ ...rules, maxToKeep, retention }, state, new Map(), 1e6);
      for (let i = 0; i < 2000; i++) shelf.setPinned(paths[i * 7]!, true);
      shelf.add(made, true);
      const gone = shelf.sweep();
      expect(gone).toHaveLength(maxToKeep === null ? 0 : count + 1 - 2 - 2000);
      expect(seen).toBeLessThanOrEqual(count + 1);
      expect(shelf.newestFirst()[0]).toBe(made.path);
      expect(shelf.removable('x').length).toBe(maxToKeep === null ? count - 2000 : 1);
      // A pin that looked for its checkpoint among all took 2,000 times as long.
      expect(performance.now() - start).toBeLessThan(20_000);
    },
  );
});

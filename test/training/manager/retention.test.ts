/**
 * Random policies, pins, restarts and clocks against a model of a few lines: which checkpoints lie in the directory.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import {
  Checkpoint,
  CheckpointManager,
  keepBest,
  keepEveryHours,
  keepEverySteps,
  keepLatest,
  type RetentionPolicy,
} from '../../../src/tfjs.js';
import { Choices } from '../../layers/random-numbers.js';

const scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-retention-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.useRealTimers());

interface Saved {
  number: number;
  hours: number;
  loss: number;
  pinned: boolean;
}

/** A policy, and the numbers that it keeps, worked out in another way. */
interface Rule {
  policy: RetentionPolicy;
  keeps(all: readonly Saved[]): number[];
}

function far(all: readonly Saved[], apart: (from: Saved, to: Saved) => boolean): number[] {
  const kept: Saved[] = [];
  for (const one of all) if (kept.length === 0 || apart(kept[kept.length - 1]!, one)) kept.push(one);
  return kept.map(({ number }) => number);
}

function randomRule(random: Choices): Rule {
  const n = random.whole(1, 3);
  switch (random.whole(0, 3)) {
    case 0:
      return { policy: keepLatest(n), keeps: all => all.map(({ number }) => number).slice(-n) };
    case 1: {
      const isBetter = (a: Saved, b: Saved): boolean => a.loss < b.loss || (a.loss === b.loss && a.number < b.number);
      return {
        policy: keepBest({ metric: 'loss', mode: 'min', count: n }),
        keeps: all =>
          all.filter(one => all.filter(other => isBetter(other, one)).length < n).map(({ number }) => number),
      };
    }
    case 2:
      return { policy: keepEveryHours(n), keeps: all => far(all, (from, to) => to.hours - from.hours >= n) };
    default:
      return { policy: keepEverySteps(3 * n), keeps: all => far(all, (from, to) => to.number - from.number >= 3 * n) };
  }
}

it.each(Array.from({ length: 25 }, (_, seed) => seed))('seed %i', async seed => {
  const random = new Choices(1000 + seed);
  const directory = join(scratch, String(seed));
  vi.useFakeTimers({ toFake: ['Date'] });
  let hours = 470_000;
  const clock = (): void => void vi.setSystemTime(hours * 3_600_000);
  clock();
  const maxToKeep = random.whole(1, 3);
  const v = tf.variable(tf.zeros([1]));
  let rules = [randomRule(random), randomRule(random)];
  const start = (): CheckpointManager =>
    new CheckpointManager(new Checkpoint({ v }), directory, {
      maxToKeep,
      retention: rules.map(({ policy }) => policy),
    });
  let manager = start();
  let expected: Saved[] = [];
  for (let i = 0; i < 20; i++) {
    hours += random.whole(1, 8) / 4;
    clock();
    const what = random.whole(0, 9);
    if (what === 0) {
      if (random.chance(0.3)) rules = [randomRule(random)];
      manager = start();
      await manager.restoreOrInitialize();
    } else if (what === 1 && expected.length > 0) {
      const one = random.one(expected);
      one.pinned = !one.pinned;
      await (one.pinned ? manager.pin : manager.unpin).call(manager, join(directory, `ckpt-${one.number}`));
    } else {
      const loss = random.whole(0, 9);
      const path = await manager.save({ metrics: { loss } });
      expected.push({ number: Number(/\d+$/.exec(path!)![0]), hours, loss, pinned: false });
      const stays = new Set([
        ...expected.slice(-maxToKeep).map(({ number }) => number),
        ...expected.filter(({ pinned }) => pinned).map(({ number }) => number),
        ...rules.flatMap(({ keeps }) => keeps(expected)),
      ]);
      expected = expected.filter(({ number }) => stays.has(number));
    }
    const found = !readdirSync(scratch).includes(String(seed))
      ? []
      : readdirSync(directory).flatMap(name => /^ckpt-(\d+)\.index$/.exec(name)?.[1] ?? []);
    expect(found.map(Number).sort((a, b) => a - b)).toEqual(expected.map(({ number }) => number));
    expect(manager.kept.map(({ number }) => number)).toEqual(expected.map(({ number }) => number));
  }
  v.dispose();
});

/** What every subject needs: its request, a warm-up, a clock, and the answer on stdout. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointReader, CheckpointWriter } from 'tensorbundle';
import { tensorName } from './tensors.mjs';

export const args = JSON.parse(process.argv[2]);

/**
 * Saves, opens and reads `count` tiny tensors. The first time, code is loaded and compiled and threads are started,
 * which should not be measured. The peers do the same.
 */
export async function warmUp(count = 64) {
  const directory = await mkdtemp(join(tmpdir(), 'tensorbundle-bench-'));
  try {
    const prefix = join(directory, 'tiny');
    const writer = new CheckpointWriter(prefix, { durable: false });
    const tensor = { dtype: 'float32', shape: [1], data: new Float32Array(1) };
    for (let i = 0; i < count; i++) writer.add(tensorName(i), tensor);
    await writer.finish();
    const reader = await CheckpointReader.open(prefix);
    await reader.readAll(reader.names());
    await reader.close();
  } finally {
    await rm(directory, { recursive: true });
  }
  globalThis.gc?.();
}

/** The seconds that `action` took, and its value. */
export async function timed(action) {
  const started = performance.now();
  const value = await action();
  return { seconds: (performance.now() - started) / 1000, value };
}

/** The seconds of each of `repeats` calls. `between` is called before each, outside of the time. */
export async function repeated(repeats, action, between) {
  const times = [];
  for (let i = 0; i < repeats; i++) {
    await between?.(i);
    times.push((await timed(action)).seconds);
  }
  return times;
}

export const middleOf = times => times.toSorted((a, b) => a - b)[times.length >> 1];

export function answer(result) {
  console.log(JSON.stringify(result));
}

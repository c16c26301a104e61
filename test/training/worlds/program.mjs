/**
 * Worlds for worlds.test.ts: `node program.mjs DIRECTORY PART FIRST LAST`. 'whole' trains each world, saves it in the
 * middle and goes on; 'resumed', in a process of its own, makes the same worlds, with other weights, restores them and
 * goes on from there. What came out is written as JSON, by seed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { Checkpoint } from '../../../dist/tfjs.js';
import { Random } from './random.mjs';
import { describe, freezeSome, makeWorld, stateOf, train } from './world.mjs';

const [directory, part, first, last] = process.argv.slice(2);
const STEPS = 4;

async function whole(seed, random) {
  const world = makeWorld(seed, 1);
  await train(world, 0, STEPS);
  freezeSome(world, random);
  const optimizerKeys = random.chance(0.8) ? 'new' : 'legacy';
  await new Checkpoint(world.children).write(join(directory, `${seed}`), { optimizerKeys });
  await train(world, STEPS, 2 * STEPS);
  return { ...describe(world), ...stateOf(world), optimizerKeys };
}

async function resumed(seed, random) {
  let path = join(directory, `${seed}`);
  // Restored and saved again before a step, by somebody who only passes it on.
  if (random.chance(0.3)) {
    const between = makeWorld(seed, 2);
    freezeSome(between, random);
    const checkpoint = new Checkpoint(between.children);
    (await checkpoint.read(path)).assertConsumed();
    path = `${path} again`;
    await checkpoint.write(path, { optimizerKeys: random.chance(0.8) ? 'new' : 'legacy' });
  }
  const world = makeWorld(seed, 3);
  // An optimizer that has slots takes those of the checkpoint at once; they must not be those of another run.
  if (random.chance(0.3)) await train(world, 0, 1 + random.below(2));
  freezeSome(world, random);
  const status = await new Checkpoint(world.children).read(path);
  await train(world, STEPS, 2 * STEPS);
  return { ...stateOf(world), status: { missing: status.missing, unused: status.unused } };
}

const seeds = Array.from({ length: last - first }, (_, i) => Number(first) + i);
// Names that TensorFlow.js makes up count through the process: here they are others.
if (part === 'resumed') seeds.reverse();
const answers = {};
for (const seed of seeds) {
  const random = new Random(seed * 17 + (part === 'whole' ? 0 : 5));
  try {
    answers[seed] = await (part === 'whole' ? whole(seed, random) : resumed(seed, random));
  } catch (error) {
    answers[seed] = { error: error.stack };
  }
}
writeFileSync(join(directory, `${part} ${first}.json`), JSON.stringify(answers));
tf.disposeVariables();

/** Keras's metadata in every shape: as TensorFlow before 2.5 wrote it, and damaged. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TensorBundleError } from '../../src/index.js';
import { loadModel } from '../../src/savedmodel.js';
import {
  create,
  fromBinary,
  SavedMetadataSchema,
  SavedModelSchema,
  SavedUserObjectSchema,
  toBinary,
} from '../../src/training/savedmodel/stored/messages.js';
import { isDeep } from '../depth.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/savedmodel/tf-2.12/text', import.meta.url));

let dir: string;

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'tensorbundle metadata ')), 'model');
  await cp(FIXTURE, dir, { recursive: true });
});

afterEach(() => rm(join(dir, '..'), { recursive: true, force: true }));

const metadataFile = (): string => join(dir, 'keras_metadata.pb');

async function metadata(): Promise<Map<number, { identifier: string; metadata: string }>> {
  const { nodes } = fromBinary(SavedMetadataSchema, await readFile(metadataFile()));
  return new Map(nodes.map(node => [node.nodeId, node]));
}

/** Replaces what is said about the model. */
async function writeRoot(text: string): Promise<void> {
  const all = fromBinary(SavedMetadataSchema, await readFile(metadataFile()));
  for (const node of all.nodes) if (node.nodeId === 0) node.metadata = text;
  await writeFile(metadataFile(), toBinary(SavedMetadataSchema, all));
}

it('of TensorFlow before 2.5 is in the objects themselves', async () => {
  const [known, file] = [await metadata(), join(dir, 'saved_model.pb')];
  const saved = fromBinary(SavedModelSchema, await readFile(file));
  for (const [number, { kind }] of saved.metaGraphs[0]!.objectGraphDef!.nodes.entries()) {
    const entry = known.get(number);
    if (kind.case === 'userObject' && entry) {
      const { identifier, metadata } = entry;
      Object.assign(kind, { value: create(SavedUserObjectSchema, { identifier, metadata }) });
    }
  }
  await writeFile(file, toBinary(SavedModelSchema, saved));
  await rm(metadataFile());
  const model = await loadModel(dir);
  expect(model.optimizer.getClassName()).toBe('KerasAdam');
  expect(model.optimizer.iterations).toBe(3);
});

const DAMAGES: Readonly<Record<string, string>> = {
  'no JSON': '{"class_name": ',
  'a number': '3',
  nothing: '',
  'too deep': `${'['.repeat(400)}${']'.repeat(400)}`,
  'very deep': `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
  'no layers': '{"class_name": "Functional", "config": {}, "is_graph_network": true}',
  'layers of another kind': '{"class_name": "Functional", "config": {"layers": [1, null, []], "output_layers": []}}',
  'calls in a circle': JSON.stringify({
    class_name: 'Functional',
    is_graph_network: true,
    config: {
      name: 'm',
      layers: ['a', 'b'].map((name, i) => ({
        class_name: 'Dense',
        name,
        config: { name, units: 2 },
        inbound_nodes: [[[i === 0 ? 'b' : 'a', 0, 0, {}]]],
      })),
      input_layers: [['a', 0, 0]],
      output_layers: [['b', 0, 0]],
    },
  }),
  // TensorFlow.js makes the initial values before it refuses the name of their variable.
  'a layer whose name is a number':
    '{"class_name": "Sequential", "is_graph_network": true, "config": {"name": "m", "layers": [' +
    '{"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 3]}}, ' +
    '{"class_name": "Dense", "config": {"name": -1, "units": 2}}]}}',
  'a layer without a shape':
    '{"class_name": "Sequential", "config": {"layers": [{"class_name": "Sequential", "config": {}}]}}',
};

it.each(Object.entries(DAMAGES))('is refused: %s', async (_, text) => {
  await writeRoot(text);
  const before = tf.memory().numTensors;
  await expect(loadModel(dir)).rejects.toBeInstanceOf(TensorBundleError);
  expect(tf.memory().numTensors).toBe(before);
});

describe('with any value replaced', () => {
  const VALUES: readonly unknown[] = [null, 'x', -1, 1e300, true, [], {}, [[]], ['a', 0, 0], { class_name: 'Dense' }];

  /** All places in a value: the object or list that holds something, and its key. */
  function placesIn(
    value: unknown,
    found: [Record<string, unknown>, string][] = [],
  ): [Record<string, unknown>, string][] {
    if (typeof value !== 'object' || value === null) return found;
    for (const key of Object.keys(value)) {
      found.push([value as Record<string, unknown>, key]);
      placesIn((value as Record<string, unknown>)[key], found);
    }
    return found;
  }

  it('gives a model or an error of this package, and leaves nothing behind', async () => {
    const text = (await metadata()).get(0)!.metadata;
    const count = placesIn(JSON.parse(text)).length;
    const outcomes = { models: 0, errors: 0 };
    for (let i = 0; i < count; i += isDeep ? 1 : 3) {
      const json: unknown = JSON.parse(text);
      const [holder, key] = placesIn(json)[i]!;
      holder[key] = VALUES[i % VALUES.length];
      await writeRoot(JSON.stringify(json));
      const before = tf.memory().numTensors;
      try {
        const model = await loadModel(dir);
        model.optimizer?.dispose();
        model.dispose();
        outcomes.models++;
      } catch (error) {
        expect(error, `${key}: ${JSON.stringify(holder[key])}\n${(error as Error).stack}`).toBeInstanceOf(
          TensorBundleError,
        );
        outcomes.errors++;
      }
      expect(tf.memory().numTensors - before, `${key}: ${JSON.stringify(holder[key])}`).toBeLessThanOrEqual(0);
    }
    expect(outcomes.models).toBeGreaterThan(10);
    expect(outcomes.errors).toBeGreaterThan(10);
  });
});

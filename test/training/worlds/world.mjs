/**
 * A random world: two to four networks, some of which share layers or contain others, and who trains what: compiled
 * models, loops over a whole network, over parts of one, over two at once. Layers are frozen before a model is
 * compiled, after, and between steps. What a seed gives is the same in every process, but for the weights that it
 * begins with.
 */
import * as tf from '@tensorflow/tfjs-node';
import { randomOptimizer } from './optimizers.mjs';
import { Random } from './random.mjs';

/**
 * Of every network's inputs and outputs; most layers have it too, so that a slot in the wrong place has the right
 * shape.
 */
const WIDTH = 3;
const ROWS = 4;

/** `salt`: makes other initial weights. */
export function makeWorld(seed, salt) {
  const random = new Random(seed);
  const shared = [];
  const networks = [];
  const count = 2 + random.below(3);
  for (let i = 0; i < count; i++) {
    const holds = networks.filter(({ inner }) => inner.length === 0);
    const network =
      holds.length > 1 && random.chance(0.35)
        ? combined(random.shuffled(holds).slice(0, 2), i)
        : plain(random, i, shared);
    networks.push(network);
  }
  const start = new Random(seed * 31 + salt);
  tf.tidy(() => {
    for (const { model } of networks) {
      model.setWeights(model.getWeights().map(({ shape, size }) => tf.tensor(start.values(size), shape).mul(0.7)));
    }
  });
  const trainers = makeTrainers(random, networks);
  return { seed, networks, trainers, children: childrenOf(random, networks, trainers) };
}

function plain(random, index, shared) {
  const naming = random.pick(['automatic', 'equal', 'own']);
  const size = 1 + random.below(3);
  const layers = [];
  let width = WIDTH;
  for (let i = 0; i < size; i++) {
    const units = i === size - 1 ? WIDTH : random.pick([WIDTH, WIDTH, 2]);
    const isSquare = width === WIDTH && units === WIDTH;
    const known = shared.filter(layer => !layers.includes(layer));
    if (isSquare && known.length > 0 && random.chance(0.3)) layers.push(random.pick(known));
    else {
      const name = { automatic: undefined, equal: `part${i}`, own: `net${index}_part${i}` }[naming];
      const layer = dense(units, name);
      layers.push(layer);
      if (isSquare && random.chance(0.4)) shared.push(layer);
    }
    width = units;
  }
  if (random.chance(0.2)) layers.push(tf.layers.batchNormalization({}));
  // A layer that is in two networks may have the name of one that is only in this.
  const names = layers.map(({ name }) => name);
  if (new Set(names).size < names.length) return plain(random, index, shared);
  const input = tf.input({ shape: [WIDTH] });
  const model = tf.model({ inputs: input, outputs: layers.reduce((x, layer) => layer.apply(x), input) });
  return { model, layers, inner: [] };
}

function dense(units, name) {
  return tf.layers.dense({ units, activation: 'tanh', ...(name && { name }) });
}

/** As a GAN's two networks in one model. */
function combined(inner, index) {
  const input = tf.input({ shape: [WIDTH] });
  const outputs = inner.reduce((x, { model }) => model.apply(x), input);
  const model = tf.model({
    inputs: input,
    outputs,
    name: `combined${index}_${inner.map(one => one.model.id).join('_')}`,
  });
  return { model, layers: [...new Set(inner.flatMap(({ layers }) => layers))], inner };
}

function trainable(layers) {
  return layers.filter(layer => layer.weights.length > 0);
}

/** What of a layer gradients go to, whatever is frozen. */
function variablesOf(layers) {
  return layers.flatMap(layer => layer._trainableWeights).map(weight => weight.read());
}

function makeTrainers(random, networks) {
  const trainers = [];
  const add = (network, layers, kind, options = {}) => {
    const { name, optimizer, byVariables } = options.optimizer ?? randomOptimizer(random);
    // Never frozen in its own steps: there is always something to train.
    trainers.push({ network, layers, kind, name, optimizer, byVariables, pivot: random.pick(trainable(layers)) });
    return trainers.at(-1);
  };
  let previous;
  for (const network of networks) {
    const layers = trainable(network.layers);
    const dice = random.number();
    const reused = previous?.byVariables && random.chance(0.25) ? { optimizer: previous } : {};
    if (network.inner.length > 0 || dice < 0.5) {
      // In a combined model one of the two is frozen before it is compiled, as a GAN's discriminator.
      const subject =
        network.inner.length > 0 && random.chance(0.7) ? trainable(random.pick(network.inner).layers) : layers;
      previous = add(network, subject, 'compiled', reused);
      const { pivot, optimizer } = previous;
      for (const layer of layers) layer.trainable = layer === pivot || (subject.includes(layer) && random.chance(0.8));
      network.model.compile({ optimizer, loss: 'meanSquaredError' });
      for (const layer of layers) layer.trainable = random.chance(0.7);
    } else if (dice < 0.7 && layers.length > 1) {
      const cut = 1 + random.below(layers.length - 1);
      add(network, layers.slice(0, cut), 'loop');
      add(network, layers.slice(cut), 'loop');
    } else if (dice < 0.8 && networks[0] !== network) {
      add(network, [...new Set([...layers, ...trainable(networks[0].layers)])], 'joint');
      trainers.at(-1).other = networks[0];
    } else previous = add(network, layers, 'loop', reused);
  }
  return trainers;
}

/**
 * What the checkpoint is given: the models, and the optimizers that are no model's, in any order; sometimes all
 * optimizers.
 */
function childrenOf(random, networks, trainers) {
  const all = random.chance(0.5);
  const models = networks.map(({ model }, i) => [`net${i}`, model]);
  const optimizers = trainers
    .filter(({ kind }) => all || kind !== 'compiled')
    .map(({ optimizer }, i) => [`optimizer${i}`, optimizer]);
  return Object.fromEntries(random.shuffled([...models, ...optimizers]));
}

/** Steps FIRST to LAST, without the last, of everybody in turn. */
export async function train({ seed, trainers }, first, last) {
  for (let step = first; step < last; step++) {
    for (const [i, trainer] of trainers.entries()) await trainStep(trainer, new Random(seed * 7919 + step * 101 + i));
  }
}

async function trainStep({ network, other, layers, kind, optimizer, byVariables, pivot }, random) {
  for (const layer of [...network.layers, ...(other?.layers ?? [])]) layer.trainable = random.chance(0.75);
  pivot.trainable = true;
  const [x, y] = [0, 1].map(() => tf.tensor(random.values(ROWS * WIDTH), [ROWS, WIDTH]));
  if (kind === 'compiled') await network.model.trainOnBatch(x, y);
  else {
    const loss = model => tf.losses.meanSquaredError(y, model.apply(x, { training: true }));
    const variables = variablesOf(layers);
    // TensorFlow.js's own optimizers need the same list at each step.
    const given = byVariables && random.chance(0.5) ? variables.filter(one => one.trainable) : variables;
    optimizer.minimize(() => (other ? loss(network.model).add(loss(other.model)) : loss(network.model)), false, given);
  }
  tf.dispose([x, y]);
}

/** Freezes anything: a checkpoint may be made and restored at any time. */
export function freezeSome({ networks }, random) {
  for (const { model, layers } of networks) {
    if (random.chance(0.3)) model.trainable = random.chance(0.5);
    else for (const layer of layers) layer.trainable = random.chance(0.5);
  }
  // What a model has switched off stays off for its weights only.
  for (const { model } of networks) if (!model.trainable) model.trainable = random.chance(0.5);
}

/** All weights, bit for bit, and the steps. */
export function stateOf({ networks, trainers }) {
  // Layer by layer: a model's own order depends on what is frozen.
  const weights = networks.flatMap(({ layers }) => layers.flatMap(layer => layer.weights.map(weight => weight.read())));
  return {
    weights: weights.map(weight => hex(weight.dataSync())),
    steps: trainers.map(({ optimizer }) => optimizer.iterations),
  };
}

export function describe({ networks, trainers }) {
  return {
    networks: networks.map(({ model, layers }) => `${model.name}: ${layers.map(({ name }) => name).join(' ')}`),
    trainers: trainers.map(({ kind, name, layers }) => `${kind} ${name}: ${layers.map(one => one.name).join(' ')}`),
  };
}

function hex({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
}

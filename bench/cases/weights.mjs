/**
 * Weights of a tfjs-node model of Dense layers (kernels of 2048 x 2048). Before a save an operation uses every weight:
 * until then the backend holds weights as JavaScript arrays, and reading them costs nothing. A load starts without a
 * model (it is built inside the measurement, as loadLayersModel does) and ends when an operation has used every weight.
 * `staging` is dataSync of every weight, which is the least that any way out of TensorFlow costs.
 */
import { node, peer } from '../harness/program.mjs';
import { figure, speed } from '../harness/rows.mjs';

const subject = ({ directory, bytes }, run, more = {}) =>
  node('subjects/weights.mjs', { run, directory, bytes, ...more }, run.startsWith('tfjs') ? { peer: 'tfjs-node' } : {});

export const weightsSave = {
  name: 'weights-save',
  what: "saveWeights against tfjs-node's model.save('file://…'), which does not wait for the disk; half of --size",
  folder: 'weights',
  apart: true,
  share: 0.5,
  places: ['disk', 'tmpfs'],
  quick: true,
  seconds: 130,
  turn: 8.2,
  quickTurn: 3.9,
  contestants: context => ({
    ours: subject(context, 'save', { durable: true }),
    quick: subject(context, 'save', { durable: false }),
    'tfjs-node': subject(context, 'tfjs-save'),
    staging: subject(context, 'staging'),
    raw: peer('raw', {
      run: 'write',
      directory: context.directory,
      bytes: context.bytes,
      files: 1,
      durable: false,
      method: 'plain',
    }),
  }),
  before: ({ place }) => place.emptied('weights'),
  rows: [
    speed("saveWeights (synced) / tfjs-node's save", 'ours', 'tfjs-node', { goal: { disk: 5, tmpfs: 4 } }),
    speed("saveWeights (durable: false) / tfjs-node's save", 'quick', 'tfjs-node'),
    speed('saveWeights (durable: false) / staging bound (dataSync)', 'quick', 'staging'),
    speed('saveWeights (durable: false) / raw write', 'quick', 'raw'),
    figure(
      'saveWeights (durable: false) / the slower of staging and raw write',
      'quick',
      ['staging', 'raw'],
      'x',
      turn => Math.max(turn.staging.seconds, turn.raw.seconds) / turn.quick.seconds,
      { better: 'more', goal: 0.8 },
    ),
  ],
};

export const handler = {
  name: 'handler',
  what: 'model.save through tf.io handlers: tfjs encodes all weights before any handler gets them; a quarter of --size',
  folder: 'weights',
  share: 0.25,
  seconds: 90,
  turn: 4.3,
  contestants: context => ({
    handler: subject(context, 'handler'),
    registered: subject(context, 'registered'),
    'tfjs-node': subject(context, 'tfjs-save'),
  }),
  before: ({ place }) => place.emptied('weights'),
  rows: [
    speed("model.save('ckpt://…'), synced / tfjs-node's 'file://…', not synced", 'handler', 'tfjs-node', {
      goal: 1.3,
    }),
    speed("'file://…' after tensorbundle/register, synced / before, not synced", 'registered', 'tfjs-node'),
  ],
};

export const weightsLoad = {
  name: 'weights-load',
  what: "loadWeights against tfjs-node's loadLayersModel, page cache warm",
  folder: 'weights',
  apart: true,
  quick: true,
  seconds: 90,
  turn: 5.5,
  quickTurn: 2.4,
  prepare: async context => {
    await context.run(subject(context, 'save', { durable: true }));
    await context.run(subject(context, 'tfjs-save'));
  },
  contestants: context => ({ ours: subject(context, 'load'), 'tfjs-node': subject(context, 'tfjs-load') }),
  rows: [speed('loadWeights / loadLayersModel', 'ours', 'tfjs-node', { goal: 8 })],
};

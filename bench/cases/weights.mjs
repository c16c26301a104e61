/**
 * Weights of a tfjs-node model of Dense layers (kernels of 2048 x 2048), about as large as the tensors of the other
 * cases. Before a save an operation uses every weight: until then the backend holds weights as JavaScript arrays, and
 * reading them costs nothing. A load starts without a model (it is built inside the measurement, as loadLayersModel
 * does) and ends when an operation has used every weight. `staging` is dataSync of every weight, which is the least
 * that any way out of TensorFlow costs.
 */
import { node, runFresh } from '../harness/fresh-process.mjs';

const FOLDER = 'weights';

const subject = (workspace, run, more = {}) =>
  node('subjects/weights.mjs', { run, directory: workspace.path(FOLDER), bytes: workspace.bytes, ...more });

export const weightsSave = {
  name: 'weights-save',
  what: "saveWeights against tfjs-node's model.save('file://…'), which does not wait for the disk",
  contestants: workspace => ({
    ours: subject(workspace, 'save', { durable: true }),
    quick: subject(workspace, 'save', { durable: false }),
    'tfjs-node': subject(workspace, 'tfjs-save'),
    registered: subject(workspace, 'registered'),
    staging: subject(workspace, 'staging'),
  }),
  before: workspace => workspace.emptied(FOLDER),
  after: workspace => workspace.emptied(FOLDER),
  rows: [
    {
      title: "saveWeights (durable) / tfjs-node's save",
      of: 'ours',
      over: 'tfjs-node',
      goal: 3,
      later: 5,
      tmpfs: { later: 4 },
    },
    { title: "saveWeights (durable: false) / tfjs-node's save", of: 'quick', over: 'tfjs-node' },
    {
      title: "model.save('file://…') after tensorbundle/register (durable) / before",
      of: 'registered',
      over: 'tfjs-node',
    },
    { title: 'saveWeights (durable: false) / staging bound (dataSync)', of: 'quick', over: 'staging' },
  ],
};

export const weightsLoad = {
  name: 'weights-load',
  what: "loadWeights against tfjs-node's loadLayersModel, page cache warm",
  prepare: async workspace => {
    await workspace.emptied(FOLDER);
    await runFresh(subject(workspace, 'save', { durable: true }), workspace);
    await runFresh(subject(workspace, 'tfjs-save'), workspace);
  },
  contestants: workspace => ({
    ours: subject(workspace, 'load'),
    'tfjs-node': subject(workspace, 'tfjs-load'),
  }),
  after: workspace => workspace.emptied(FOLDER),
  rows: [{ title: 'loadWeights / loadLayersModel', of: 'ours', over: 'tfjs-node', later: 8 }],
};

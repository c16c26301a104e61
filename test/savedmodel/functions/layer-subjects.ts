/** Layers as subjects of proofs: every layer of TensorFlow.js, with and without training. */
import { isLong } from '../../depth.js';
import { given, type Rows } from '../../layers/matrix-model.js';
import type { ModelSubject } from './model-proof.js';
import type { Consumer } from './proof.js';

/** Models that cannot become functions, and what is said then. */
const NOT_TRACED: Readonly<Record<string, RegExp>> = {
  'stateful recurrent layers': /the layer 'a' \(SimpleRNN\) is stateful/,
  'gru, reset after, stateful': /the layer 'a' \(GRU\) is stateful/,
  // TensorFlow.js cannot run it either.
  Resizing: /the layer 'x' \(Resizing\) threw: Error in resizeBilinear/,
  CategoryEncoding: /reads the values of a tensor \(in the layer 'x' \(CategoryEncoding\)/,
};

/** Models that get functions of inference only. */
const UNTRAINABLE: readonly string[] = [
  // TensorFlow.js's BatchNormalization without scale throws when it is trained.
  'batchNormalization',
  // Our GRU draws other masks at each step.
  'gru, reset after',
];

const NOT_CALLED_BY_KERAS: readonly string[] = [
  // Keras's ConvLSTM2D keeps a mask from call to call, and so refuses a batch of another size.
  'convLstm2d, backwards, with dropout',
  // TensorFlow.js's crops another window than Keras's at these sizes.
  'CenterCrop',
];

/** Those who read the graph in ways of their own. The others have model-functions.test.ts and prove.test.ts. */
export const CONSUMERS: readonly Consumer[] = ['load', 'lite', 'converter', 'keras', 'node'];

/**
 * Each row is loaded by TensorFlow, and read by one of the others in turns: all four for every row would take CI eight
 * minutes, and a kind of layer has several rows. In the longest run all read it.
 */
export function subjectsOf(rows: Rows): Record<string, ModelSubject> {
  const subjects = Object.entries(rows).map(([name, row], i) => {
    const notTraced = NOT_TRACED[name];
    const subject: ModelSubject = {
      ...row,
      make: () => row.make(given),
      isUntrainable: UNTRAINABLE.includes(name),
      consumers: CONSUMERS.filter(
        (who, at) =>
          (isLong || at === 0 || at === 1 + (i % (CONSUMERS.length - 1))) &&
          (who !== 'keras' || !NOT_CALLED_BY_KERAS.includes(name)) &&
          // TensorFlow.js's graph models have no such convolutions.
          (who !== 'converter' || name !== 'convLstm2d, channels first'),
      ),
      ...(notTraced && { notTraced }),
    };
    return [name, subject] as const;
  });
  return Object.fromEntries(subjects);
}

/** Whole architectures and every activation, in everything that runs SavedModels. */
import { ARCHITECTURES, MORE_ARCHITECTURES } from '../architectures.js';
import { activations } from '../compilations.js';
import { CONSUMERS } from './layer-subjects.js';
import { describeFunctions } from './saved-models.js';

const subjects = { ...ARCHITECTURES, ...MORE_ARCHITECTURES, 'every activation': { make: activations } };
const few = Object.entries(subjects).map(
  ([name, subject]) =>
    [
      name,
      // TensorFlow.js cannot train two recurrent layers with initial states.
      { ...subject, consumers: CONSUMERS, isUntrainable: name.startsWith('an encoder-decoder') },
    ] as const,
);
describeFunctions(Object.fromEntries(few), { withoutOneDnn: true });

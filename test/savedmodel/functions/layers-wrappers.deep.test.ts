/** Layers of TensorFlow.js (wrappers), with and without training, in everything that runs SavedModels. */
import { WRAPPERS } from '../../layers/matrix-wrappers.js';
import { subjectsOf } from './layer-subjects.js';
import { describeFunctions } from './saved-models.js';

describeFunctions(subjectsOf(WRAPPERS));

/** Layers of TensorFlow.js (nesting), with and without training, in everything that runs SavedModels. */
import { NESTING } from '../../layers/matrix-nesting.js';
import { subjectsOf } from './layer-subjects.js';
import { describeFunctions } from './saved-models.js';

describeFunctions(subjectsOf(NESTING));

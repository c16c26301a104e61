/** Layers of TensorFlow.js (convolutions), with and without training, in everything that runs SavedModels. */
import { CONVOLUTIONS } from '../../layers/matrix-convolutions.js';
import { subjectsOf } from './layer-subjects.js';
import { describeFunctions } from './saved-models.js';

describeFunctions(subjectsOf(CONVOLUTIONS));

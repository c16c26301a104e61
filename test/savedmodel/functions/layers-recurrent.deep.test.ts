/** Layers of TensorFlow.js (recurrent), with and without training, in everything that runs SavedModels. */
import { RECURRENT } from '../../layers/matrix-recurrent.js';
import { subjectsOf } from './layer-subjects.js';
import { describeFunctions } from './saved-models.js';

describeFunctions(subjectsOf(RECURRENT));

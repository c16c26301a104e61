/** Layers of TensorFlow.js (weightless), with and without training, in everything that runs SavedModels. */
import { WEIGHTLESS } from '../../layers/matrix-weightless.js';
import { subjectsOf } from './layer-subjects.js';
import { describeFunctions } from './saved-models.js';

describeFunctions(subjectsOf(WEIGHTLESS));

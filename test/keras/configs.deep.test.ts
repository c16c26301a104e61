/** More configurations of Keras 3 and tf_keras: all forms, optimizers, and what TensorFlow.js lacks by itself. */
import { describe } from 'vitest';
import { describeConfigs, type Expected } from './configs.js';

function each(names: readonly string[], expected: Expected = {}): Record<string, Expected> {
  return Object.fromEntries(names.map(name => [name, expected]));
}

describe("Keras's configurations, in all forms", () => {
  describeConfigs('all_basics', each(['dense', 'images', 'sequences', 'masks', 'nested', 'named', 'shared']));
});

describe('Layers, options and operations that TensorFlow.js lacks', () => {
  describeConfigs('added', {
    ...each(['subtract', 'unit', 'rescaling', 'relu', 'sloped relu', 'late relu', 'elu', 'pools', 'max pools']),
    ...each(['pools 3d', 'padding 1d', 'padding 3d', 'cropping 1d', 'cropping 3d', 'upsampling 1d', 'upsampling 3d']),
    causal: { remarks: /cannot train these layers, because their dilation_rate is not 1/ },
    ...each(['bilinear', 'strided causal', 'operations', 'activations', 'activations of Keras 3']),
    mixed: { remarks: /layers with mixed precision compute in float32/ },
    ...each(['normalization', 'reshaped', 'trained']),
  });
});

describe('Compile arguments', () => {
  const uncompiled = (remarks: RegExp): Expected => ({ remarks, isUncompiled: true });
  describeConfigs('optimizers', {
    ...each(['sgd', 'momentum', 'nesterov', 'adam', 'amsgrad', 'adamw', 'adamax', 'adagrad', 'adadelta', 'rmsprop']),
    ...each(['centered', 'nadam', 'loss scale', 'exponential', 'staircase', 'inverse', 'inverse steps', 'polynomial']),
    ...each(['piecewise', 'cosine', 'plain cosine', 'restarts', 'scaled loss', 'loss class', 'loss mae', 'loss mape']),
    ...each(['loss msle', 'loss log_cosh', 'loss poisson']),
    ...each(['loss squared_hinge', 'loss hinge'], { remarks: /targets of -1 and 1/ }),
    average: { remarks: /the moving average of the weights \(use_ema\) is not computed/ },
    'loss from logits': {},
    weighted: { remarks: /^there is no metric weighted_metrics .* here$/ },
    lacking: uncompiled(/there is no optimizer Lion here/),
  });
});

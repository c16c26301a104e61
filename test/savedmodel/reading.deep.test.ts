/** Every optimizer, and architectures with all that is special: tf_keras writes, Node reads. */
import { describe } from 'vitest';
import { describeReading } from './reading.js';

describe("Keras's SavedModels", () => {
  describeReading('everything', {
    classifier: { optimizer: 'KerasAdam', tolerance: 5e-5 },
    nested: { optimizer: 'KerasSGD' },
    'named outputs': {},
    recurrent: { optimizer: 'KerasRMSprop', tolerance: 1e-5 },
    moving: { warning: /ConvLSTM2D '.*' is trained without kernel_regularizer/ },
    unbuilt: { optimizer: 'KerasAdam' },
    'frozen normalization': { warning: /^[^;]* frozen BatchNormalization .*: 'bn'$/, differs: true },
    'no loss': { warning: /no loss \(Keras has none either\) here; so it is not/, uncompiled: true },
    sgd: { optimizer: 'KerasSGD' },
    momentum: { optimizer: 'KerasSGD' },
    nesterov: { optimizer: 'KerasSGD' },
    adam: { optimizer: 'KerasAdam' },
    amsgrad: { optimizer: 'KerasAdam' },
    adamw: { optimizer: 'KerasAdamW' },
    adamax: { optimizer: 'KerasAdamax' },
    adagrad: { optimizer: 'KerasAdagrad' },
    adadelta: { optimizer: 'KerasAdadelta' },
    rmsprop: { optimizer: 'KerasRMSprop' },
    'rmsprop, centered': { optimizer: 'KerasRMSprop' },
    nadam: { optimizer: 'KerasNadam' },
    'loss scale': { optimizer: 'KerasLossScaleOptimizer' },
    'legacy sgd': { optimizer: 'KerasSGD' },
    'legacy adam': { optimizer: 'KerasAdam' },
    'legacy adamax': { optimizer: 'KerasAdamax' },
    'legacy adagrad': { optimizer: 'KerasAdagrad' },
    'legacy adadelta': { optimizer: 'KerasAdadelta' },
    'legacy rmsprop': { optimizer: 'KerasRMSprop' },
    'legacy plain rmsprop': { optimizer: 'KerasRMSprop', warning: /adds epsilon after the root/, differs: true },
    'legacy nadam': { optimizer: 'KerasNadam', warning: /legacy Nadam grows in another way/, differs: true },
    'inverse schedule': { optimizer: 'KerasAdam' },
    'legacy inverse schedule': { optimizer: 'KerasAdam' },
    'legacy schedule': {},
  });
});

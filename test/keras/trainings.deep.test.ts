/** Optimizers, losses and metrics that Keras saves: Node trains on as Keras does, and gives back what both train on. */
import { describe } from 'vitest';
import { describeGiven, type GivenRow } from './given.js';

const stateless = true;

const ROWS: Readonly<Record<string, GivenRow>> = {
  'optimizer: sgd': {},
  'optimizer: momentum': {},
  'optimizer: nesterov': {},
  'optimizer: adam': {},
  'optimizer: adam, all options': {},
  'optimizer: adamw': {},
  'optimizer: adamax': {},
  'optimizer: adagrad': {},
  'optimizer: adadelta': {},
  'optimizer: rmsprop': {},
  'optimizer: rmsprop, centered': {},
  'optimizer: nadam': {},
  'optimizer: inverse schedule': {},
  'optimizer: exponential schedule': {},
  'optimizer: cosine schedule': {},
  'optimizer: loss scale': { only: 'keras' },
  'optimizer: legacy adam': { only: 'tf_keras', stateless },
  'optimizer: legacy sgd': { only: 'tf_keras', stateless },
  'optimizer: legacy rmsprop': { only: 'tf_keras', stateless },
  'optimizer: legacy nadam': { only: 'tf_keras', differs: { tf_keras: 'its momentum grows in another way' } },
  'optimizer: legacy adagrad': { only: 'tf_keras', stateless },
  'loss: mean_squared_error': {},
  'loss: mean_absolute_error': {},
  'loss: mean_absolute_percentage_error': {},
  'loss: squared_hinge': {},
  'loss: hinge': {},
  'loss: mean_squared_logarithmic_error': {},
  'loss: categorical_hinge': {},
  'loss: categorical_crossentropy': {},
  'loss: poisson': {},
  'loss: mse': {},
  'loss: mae': {},
  'loss: kl_divergence': {},
  'loss: log_cosh': {},
  'loss: cosine_similarity': {},
  'loss: mape': {},
  'loss: msle': {},
  'loss: MeanSquaredError()': {},
  'loss: CategoricalCrossentropy()': {},
  'loss: a function': {},
  'loss: binary_crossentropy': {},
  metrics: {},
  'two outputs with losses by name': {},
  'frozen parts': {},
};

describe('trainings that Keras saves', () => {
  describeGiven('given_trainings', ROWS);
});

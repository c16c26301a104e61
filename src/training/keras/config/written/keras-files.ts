/**
 * What Keras's own files say of a model beside its weights: `config.json` and `metadata.json` of a `.keras` file, and
 * the attributes of a legacy `.h5` file. What Keras lacks is told in one warning.
 */
import type { LayersModel } from '../../../../layers/types.js';
import type { Json } from './keras-classes.js';
import type { KerasEntry } from './keras-config.js';
import { isChosenByAll, type KerasMetric, metricClass } from './keras-losses.js';
import { trainingConfig } from './keras-training.js';
import { legacyConfig } from './keras2-legacy.js';
import { keras3Config } from './keras3-config.js';
import { compileConfig } from './keras3-training.js';
import { pythonJson } from './python-json.js';
import { warnToRegister } from './to-register.js';

/** The versions whose forms these are. Keras's readers look at the first number only. */
const KERAS_3 = '3.15.1';
const KERAS_2 = '2.15.0';

interface FileConfigOptions {
  /** Whether the file says how the model was compiled. */
  readonly includeOptimizer: boolean;
}

interface Keras3Files {
  /** JSON. */
  readonly config: string;
  readonly metadata: object;
}

/** `savedAt`: for the metadata. */
export function keras3Files(model: LayersModel, { includeOptimizer }: FileConfigOptions, savedAt: Date): Keras3Files {
  const { config, lacking } = keras3Config(model);
  const compiled = includeOptimizer ? compileConfig(model) : undefined;
  const how =
    'register it: @keras.saving.register_keras_serializable() above it, with the package if it has one here. Names ' +
    'are as in tf.serialization.registerClass';
  warnToRegister(model, 'Keras 3', lacking, how);
  return {
    config: pythonJson({ ...config, ...(compiled && { compile_config: compiled }) }),
    metadata: { keras_version: KERAS_3, date_saved: dateText(savedAt) },
  };
}

/** As Keras writes it: `2026-11-27@03:24:12`. */
function dateText(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', '@');
}

/** Attributes of the root of the file. */
interface Keras2Attributes {
  readonly keras_version: string;
  readonly backend: string;
  readonly model_config: string;
  readonly training_config?: string;
}

export function keras2Attributes(model: LayersModel, { includeOptimizer }: FileConfigOptions): Keras2Attributes {
  const { config, lacking } = legacyConfig(model);
  const training = includeOptimizer ? legacyTraining(model) : undefined;
  warnToRegister(model, 'Keras', lacking, "give it under this name (custom_objects={'Name': Name})");
  return {
    keras_version: KERAS_2,
    backend: 'tensorflow',
    model_config: pythonJson(config),
    ...(training && { training_config: pythonJson(training) }),
  };
}

/**
 * Keras 3 finds a schedule by its module, and tf_keras can. Keras 3 opens such a file with `compile=False` only, as it
 * opens those of tf_keras: it refuses `is_legacy_optimizer`, without which tf_keras makes an older kind of optimizer.
 */
function legacyTraining(model: LayersModel): Json | undefined {
  const training = trainingConfig(model, legacyMetric);
  if (training === undefined) return undefined;
  const { class_name, config } = training.optimizer_config as KerasEntry;
  const { learning_rate: rate } = config;
  if (typeof rate !== 'object' || rate === null) return training;
  const schedule = { module: 'keras.optimizers.schedules', registered_name: null, ...rate };
  return { ...training, optimizer_config: { class_name, config: { ...config, learning_rate: schedule } } };
}

/** A class: Keras 3 does not find functions of a MeanMetricWrapper here, and Keras 2 names those of strings itself. */
function legacyMetric(metric: KerasMetric): string | KerasEntry {
  const { name } = metric;
  return isChosenByAll(metric) ? name : { class_name: metricClass(metric), config: { name, dtype: 'float32' } };
}

/**
 * What Keras's own files say of a model beside its weights: `config.json` and `metadata.json` of a `.keras` file, and the
 * attributes of a legacy `.h5` file.
 */
import type { LayersModel } from '../../../layers/types.js';
import type { Json } from './keras-classes.js';
import { type KerasEntry, kerasConfig } from './keras-config.js';
import { trainingConfig } from './keras-training.js';
import { keras3Config } from './keras3-config.js';
import { compileConfig } from './keras3-training.js';
import { pythonJson } from './python-json.js';

/** The versions whose forms these are. Keras's readers look at the first number only. */
const KERAS_3 = '3.15.1';
const KERAS_2 = '2.15.0';

export interface FileConfigOptions {
  /** Whether the file says how the model was compiled. */
  readonly includeOptimizer: boolean;
}

/** JSON. */
export interface Keras3Files {
  readonly config: string;
  readonly metadata: string;
}

/** `savedAt`: for the metadata. */
export function keras3Files(model: LayersModel, options: FileConfigOptions, savedAt: Date): Keras3Files {
  const keras2 = kerasConfig(model);
  const compiled = options.includeOptimizer ? compileConfig(model) : undefined;
  const config = { ...keras3Config(model, keras2), ...(compiled && { compile_config: compiled }) };
  return {
    config: pythonJson(config),
    metadata: JSON.stringify({ keras_version: KERAS_3, date_saved: dateText(savedAt) }),
  };
}

/** As Keras writes it: `2026-11-27@03:24:12`. */
function dateText(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', '@');
}

/** Attributes of the root of the file. */
export interface Keras2Attributes {
  readonly keras_version: string;
  readonly backend: string;
  readonly model_config: string;
  readonly training_config?: string;
}

export function keras2Attributes(model: LayersModel, { includeOptimizer }: FileConfigOptions): Keras2Attributes {
  const { entries, layers, shared } = kerasConfig(model);
  for (const [object, layer] of layers) {
    const id = shared.get(layer);
    if (id !== undefined) Object.assign(object, { shared_object_id: id });
  }
  const { class_name, config } = entries.get(model)!;
  const training = includeOptimizer ? legacyTraining(model) : undefined;
  return {
    keras_version: KERAS_2,
    backend: 'tensorflow',
    model_config: pythonJson({ class_name, config }),
    ...(training && { training_config: pythonJson(training) }),
  };
}

/** What both libraries read: Keras 3 refuses an option that only tf_keras knows, and does not need. */
function legacyTraining(model: LayersModel): Json | undefined {
  const training = trainingConfig(model);
  if (training === undefined) return undefined;
  const { class_name, config } = training.optimizer_config as KerasEntry;
  const { is_legacy_optimizer: _, ...options } = config;
  return { ...training, optimizer_config: { class_name, config: options } };
}

/** The forms in which ModelCheckpoint saves: how a model is captured in one, and what is on disk in it. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { CopyBudget } from '../../bundle/tf-staging.js';
import { checkOptions, type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { invalidArgument } from '../../errors.js';
import { CapturedGraph, type WriteHooks } from '../../graph/stored/captured-graph.js';
import type { Extra } from '../../graph/trackable.js';
import type { Directories } from '../../storage/directories.js';
import { weightsTrackable } from '../models/model-weights.js';
import { wholeModel } from '../models/whole-model.js';
import { CapturedSavedModel } from '../savedmodel/written/captured-saved-model.js';
import { modelContents } from '../savedmodel/written/model-contents.js';
import { SAVED_MODEL_WRITER_OPTIONS, type SavedModelWriterOptions } from '../savedmodel/written/save-model.js';
import type { FilePattern } from './file-pattern.js';
import { newestOf, storedModelsOf, storedOf } from './file-pattern-files.js';

/** The values that a model had at one moment. */
interface Captured {
  write(path: string, writer: WriterOptions, hooks: Pick<WriteHooks, 'onStaged' | 'calmly'>): Promise<SaveResult>;
}

export interface SavedForm {
  /** Synchronous. `extras` are stored beside the objects. */
  capture(model: LayersModel, extras: readonly Extra[], budget: CopyBudget): Captured;
  /** What is on disk under names of the pattern, newest first. */
  storedOf(pattern: FilePattern, directories: Directories): Promise<string[]>;
  /** Of these, the one with which a training goes on; null if there is none. */
  newestOf(pattern: FilePattern, directories: Directories): Promise<string | null>;
}

/** Throws ERR_INVALID_ARGUMENT for options that do not fit together. */
export function formOf(
  format: 'checkpoint' | 'savedmodel',
  saveWeightsOnly: boolean,
  writer: WriterOptions,
): SavedForm {
  if (format === 'checkpoint') {
    checkOptions(writer, '`writer` of ModelCheckpoint', WRITER_OPTIONS);
    return saveWeightsOnly ? { ...CHECKPOINT, capture: captureWeights } : CHECKPOINT;
  }
  if (saveWeightsOnly) {
    throw invalidArgument(
      "ModelCheckpoint: a SavedModel always has the architecture; leave saveWeightsOnly out, or format: 'savedmodel'",
    );
  }
  const what = '`writer` of ModelCheckpoint for SavedModels';
  checkOptions(writer as SavedModelWriterOptions, what, SAVED_MODEL_WRITER_OPTIONS);
  return SAVED_MODEL_FORM;
}

const CHECKPOINT: SavedForm = {
  capture: (model, extras, budget) => checkpointOf(new CapturedGraph(wholeModel(model, true, extras), budget)),
  storedOf,
  newestOf,
};

const SAVED_MODEL_FORM: SavedForm = {
  capture: (model, extras, budget) => new CapturedSavedModel(modelContents(model, { extras }), budget),
  storedOf: storedModelsOf,
  newestOf: async (pattern, directories) => (await storedModelsOf(pattern, directories))[0] ?? null,
};

function captureWeights(model: LayersModel, extras: readonly Extra[], budget: CopyBudget): Captured {
  return checkpointOf(new CapturedGraph(weightsTrackable(model, {}, extras), budget));
}

function checkpointOf(captured: CapturedGraph): Captured {
  return { write: (path, writer, hooks) => captured.write(path, writer, { ...hooks, afterCommit: nameAsLatest }) };
}

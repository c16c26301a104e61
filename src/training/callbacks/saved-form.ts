/** The forms in which ModelCheckpoint saves: how a model is captured in one, and what is on disk in it. */
import '../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { locate } from '../../bundle/locate.js';
import { CheckpointReader } from '../../bundle/reader.js';
import type { CopyBudget } from '../../bundle/tf-staging.js';
import { checkOptions, type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { savePathOf } from '../../commit/paths.js';
import { invalidArgument } from '../../errors.js';
import type { RestoreStatus } from '../../graph/restore/restore-status.js';
import { CapturedGraph, type WriteHooks } from '../../graph/stored/captured-graph.js';
import type { Extra } from '../../graph/trackable.js';
import type { Directories } from '../../storage/directories.js';
import { loadStored } from '../formats/load-stored.js';
import { CapturedKerasFile } from '../keras/files/captured-keras-file.js';
import { type FileForm, modelForm, weightsForm } from '../keras/files/file-form.js';
import { checkFileOptions } from '../keras/files/file-options.js';
import { loadInto, weightsTrackable } from '../models/model-weights.js';
import { wholeModel } from '../models/whole-model.js';
import { CapturedSavedModel } from '../savedmodel/written/captured-saved-model.js';
import { modelContents } from '../savedmodel/written/model-contents.js';
import { SAVED_MODEL_WRITER_OPTIONS, type SavedModelWriterOptions } from '../savedmodel/written/save-model.js';
import { bestExtra, bestIn, bestInFile, storedBest } from './best-value.js';
import type { FilePattern } from './file-pattern.js';
import { newestOf, storedFilesOf, storedModelsOf, storedOf } from './file-pattern-files.js';
import type { Monitor } from './monitor.js';

/** The values that a model had at one moment. */
interface Captured {
  write(path: string, writer: WriterOptions, hooks: Pick<WriteHooks, 'onStaged' | 'calmly'>): Promise<SaveResult>;
}

/** What was loaded from an earlier save. */
interface Loaded {
  readonly status: RestoreStatus;
  readonly best: number | null;
}

export interface SavedForm {
  /** Synchronous. `best`: the text about the best value, which is stored, too. */
  capture(model: LayersModel, best: string | undefined, budget: CopyBudget): Captured;
  /** What is on disk under names of the pattern, newest first. */
  storedOf(pattern: FilePattern, directories: Directories): Promise<string[]>;
  /** Of these, the one with which a training goes on; null if there is none. */
  newestOf(pattern: FilePattern, directories: Directories): Promise<string | null>;
  /** Loads its weights. `best` is null if it has no best value of this metric. */
  load(model: LayersModel, path: string, directories: Directories, monitor: Monitor): Promise<Loaded>;
  /** The best value in it; null as with `load`, and if it is damaged. */
  bestIn(path: string, directories: Directories, monitor: Monitor): Promise<number | null>;
}

/** What decides about the form. */
interface FormOptions {
  /** A path or a pattern. A pattern has the same ending as the paths that it makes. */
  readonly filepath: string;
  readonly format: 'checkpoint' | 'savedmodel' | 'keras' | 'h5' | undefined;
  readonly saveWeightsOnly: boolean;
  readonly writer: WriterOptions;
}

const WRITER = '`writer` of ModelCheckpoint';

/** Throws ERR_INVALID_ARGUMENT for options that do not fit together; ERR_NOT_SUPPORTED for the name of another form. */
export function formOf({ filepath, format, saveWeightsOnly, writer }: FormOptions): SavedForm {
  const form = fileFormOf(filepath, format, saveWeightsOnly);
  if (form !== null) {
    checkFileOptions(writer, WRITER, WRITER_OPTIONS, filepath);
    return fileForm(form);
  }
  savePathOf(filepath, format === 'savedmodel' ? format : 'checkpoint');
  if (format !== 'savedmodel') {
    checkOptions(writer, WRITER, WRITER_OPTIONS);
    return saveWeightsOnly ? { ...CHECKPOINT, capture: captureWeights } : CHECKPOINT;
  }
  if (saveWeightsOnly) {
    throw invalidArgument(
      "ModelCheckpoint: a SavedModel always has the architecture; leave saveWeightsOnly out, or format: 'savedmodel'",
    );
  }
  checkOptions(writer as SavedModelWriterOptions, `${WRITER} for SavedModels`, SAVED_MODEL_WRITER_OPTIONS);
  return SAVED_MODEL_FORM;
}

function fileFormOf(path: string, format: FormOptions['format'], saveWeightsOnly: boolean): FileForm | null {
  if (!saveWeightsOnly || format === 'keras') return modelForm(path, format);
  if (format === 'checkpoint' || format === 'savedmodel') return null;
  return weightsForm(path) ?? modelForm(path, format);
}

const CHECKPOINT: SavedForm = {
  capture: (model, best, budget) => checkpointOf(new CapturedGraph(wholeModel(model, true, extras(best)), budget)),
  storedOf,
  newestOf,
  load: async (model, path, directories, monitor) => {
    await using reader = await CheckpointReader.openLocated(await locate(path, directories));
    return { status: await loadInto(model, reader), best: await bestIn(reader, monitor) };
  },
  bestIn: storedBest,
};

const SAVED_MODEL_FORM: SavedForm = {
  ...CHECKPOINT,
  capture: (model, best, budget) => new CapturedSavedModel(modelContents(model, { extras: extras(best) }), budget),
  storedOf: storedModelsOf,
  newestOf: async (pattern, directories) => (await storedModelsOf(pattern, directories))[0] ?? null,
};

function fileForm(form: FileForm): SavedForm {
  return {
    capture: (model, best, budget) => {
      const captured = new CapturedKerasFile(model, form, { best, budget });
      return {
        write: (path, writer, { onStaged }) =>
          captured.write(path, checkFileOptions(writer, WRITER, WRITER_OPTIONS, path), onStaged),
      };
    },
    storedOf: storedFilesOf,
    newestOf: async (pattern, directories) => (await storedFilesOf(pattern, directories))[0] ?? null,
    load: async (model, path, _, monitor) => {
      const status = await loadStored(model, path);
      return { status, best: await bestInFile(path, monitor) };
    },
    bestIn: (path, _, monitor) => bestInFile(path, monitor),
  };
}

function captureWeights(model: LayersModel, best: string | undefined, budget: CopyBudget): Captured {
  return checkpointOf(new CapturedGraph(weightsTrackable(model, {}, extras(best)), budget));
}

function extras(best: string | undefined): readonly Extra[] {
  return best === undefined ? [] : [bestExtra(best)];
}

function checkpointOf(captured: CapturedGraph): Captured {
  return { write: (path, writer, hooks) => captured.write(path, writer, { ...hooks, afterCommit: nameAsLatest }) };
}

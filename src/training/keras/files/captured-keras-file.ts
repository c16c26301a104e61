/** The values and the architecture of a model as they were at one moment, to be written as one of Keras's files. */
import { TextEncoder } from 'node:util';
import '../../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { Archive } from '../../../archive/archive.js';
import { type ArchivePlan, type EntryToWrite, planArchive } from '../../../archive/archive-plan.js';
import { announce, type SavePhase } from '../../../bundle/save-events.js';
import { CopyBudget } from '../../../bundle/tf-staging.js';
import type { Progress, SaveResult } from '../../../bundle/writer-options.js';
import { publishFile } from '../../../commit/single-file/publish-file.js';
import type { FileRange } from '../../../hdf5/file-range.js';
import { openHdf5 } from '../../../hdf5/open-hdf5.js';
import type { AttributeToWrite, GroupToWrite } from '../../../hdf5/writing/content.js';
import { planHdf5 } from '../../../hdf5/writing/plan-hdf5.js';
import type { ReadableFile } from '../../../storage/file.js';
import { keras2Attributes, keras3Files } from '../config/written/keras-files.js';
import { configNames } from '../config/written/keras-names.js';
import { type CapturedWeights, capturedWeights } from '../writing/captured-weights.js';
import type { FileForm } from './file-form.js';
import type { FileOptions } from './file-options.js';
import { BEST, CONFIG, METADATA, WEIGHTS } from './member-names.js';

interface CaptureOptions {
  /** Whether the optimizer with its state is saved, and how the model was compiled. Default: whether it is compiled. */
  readonly includeOptimizer?: boolean | undefined;
  /** What ModelCheckpoint stores about the best value of a metric. */
  readonly best?: string | undefined;
  /** Limits what is copied at the call. */
  readonly budget: CopyBudget;
}

/** What stands beside the weights. */
type Texts = ReadonlyMap<string, string>;

const LAYOUTS = {
  keras: 'keras3',
  h5: 'legacy-model',
  'keras-weights': 'keras3',
  'h5-weights': 'legacy-weights',
} as const;

export class CapturedKerasFile {
  readonly #form: FileForm;
  readonly #texts: Texts;
  readonly #weights: CapturedWeights;

  /** Synchronous; keeps every value. Throws ERR_NOT_SUPPORTED for what Keras lacks, and as `saveWeights`. */
  constructor(model: LayersModel, form: FileForm, { includeOptimizer, best, budget }: CaptureOptions) {
    this.#form = form;
    this.#texts = textsOf(model, form, includeOptimizer !== false && model.optimizer != null, best);
    const choice = { form: LAYOUTS[form], includeOptimizer, names: configNames(model) };
    this.#weights = capturedWeights(model, choice, budget);
  }

  /** Throws what `publishFile` throws. The values are released, whatever happens. */
  async write(path: string, options: FileOptions, onStaged?: () => void): Promise<SaveResult> {
    const weights = this.#weights;
    if (onStaged) weights.whenRead(onStaged);
    try {
      const plan = this.#plan(path);
      const { durable } = options;
      const tell = (phase: SavePhase): void =>
        announce(phase, () => ({ prefix: path, shards: 1, bytes: plan.bytes, tensors: weights.tensors, durable }));
      tell('plan');
      const onProgress = (progress: Progress): void => {
        const { phase, bytes } = progress;
        if (phase === 'sync') tell(bytes === 0 ? 'write' : 'sync');
        else if (phase === 'commit' && bytes === 0 && !durable) tell('write');
        options.onProgress?.(progress);
      };
      await publishFile(
        path,
        { ...options, onProgress, call: weights.call },
        { bytes: plan.bytes, pieces: signal => plan.pieces(signal), check: file => this.#check(file) },
      );
      tell('commit');
      return { prefix: path, tensors: weights.tensors, shards: 1, bytesWritten: plan.bytes, bytesLinked: 0 };
    } finally {
      weights.release();
    }
  }

  #plan(path: string): ArchivePlan {
    const { root } = this.#weights;
    if (this.#form !== 'keras') return planHdf5(withTexts(root, this.#texts), path);
    const weights = planHdf5(root, `${path}, ${WEIGHTS}`);
    return planArchive([
      ...[...this.#texts].map(([name, text]) => textEntry(name, text)),
      { name: WEIGHTS, bytes: weights.bytes, pieces: signal => weights.pieces(signal) },
    ]);
  }

  /** Before the file gets its name: whether it can be opened. */
  async #check(file: ReadableFile): Promise<void> {
    const isArchive = this.#form === 'keras';
    const whole: FileRange = { path: file.path, file, start: 0, size: file.size };
    const range = isArchive ? await (await Archive.open(file)).range(WEIGHTS) : whole;
    await using hdf5 = await openHdf5(range);
    await hdf5.root.names();
  }
}

/** Saves the values that the model has at the time of the call. */
export async function saveKerasFile(
  model: LayersModel,
  path: string,
  form: FileForm,
  includeOptimizer: boolean | undefined,
  options: FileOptions,
): Promise<SaveResult> {
  const captured = new CapturedKerasFile(model, form, { includeOptimizer, budget: CopyBudget.forForeground() });
  return await captured.write(path, options);
}

function textsOf(model: LayersModel, form: FileForm, includeOptimizer: boolean, best: string | undefined): Texts {
  const texts = new Map<string, string>();
  if (form === 'keras') {
    const { config, metadata } = keras3Files(model, { includeOptimizer }, new Date());
    texts.set(METADATA, JSON.stringify({ ...metadata, [BEST]: best }));
    texts.set(CONFIG, config);
    return texts;
  }
  if (form === 'h5') {
    for (const [name, text] of Object.entries(keras2Attributes(model, { includeOptimizer })))
      if (text !== undefined) texts.set(name, text);
  }
  if (best !== undefined) texts.set(BEST, best);
  return texts;
}

function withTexts(root: GroupToWrite, texts: Texts): GroupToWrite {
  const attributes = new Map<string, AttributeToWrite>(root.attributes);
  for (const [name, text] of texts) attributes.set(name, { text });
  return { ...root, attributes };
}

function textEntry(name: string, text: string): EntryToWrite {
  const bytes = new TextEncoder().encode(text);
  return { name, bytes: bytes.length, pieces: () => [bytes] };
}

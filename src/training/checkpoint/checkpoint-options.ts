/** The options of a Checkpoint, as lists. */
import { WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import type { OptionList } from '../../options.js';

export const SAVE_OPTIONS: OptionList<SaveOptions> = {
  ...WRITER_OPTIONS,
  skipSlotVariables: 'flag',
  optimizerKeys: ['new', 'legacy'],
  ifBusy: ['wait', 'skip'],
  writeCallback: 'function',
};

export const BACKGROUND_SAVE_OPTIONS: OptionList<SaveOptions & { background?: boolean }> = {
  ...SAVE_OPTIONS,
  background: 'flag',
};

export const RESTORE_OPTIONS: OptionList<RestoreStateOptions> = {
  skipSlotVariables: 'flag',
  skipMismatch: 'flag',
  include: true,
  exclude: true,
  map: true,
};

export interface SaveOptions extends WriterOptions {
  /** Default false. True: what optimizers keep for single variables (momentums) is not written. */
  skipSlotVariables?: boolean;
  /** Under whose names optimizers are written: those of tf_keras's new optimizers (default) or of its legacy ones. */
  optimizerKeys?: 'new' | 'legacy';
  /** Of a background save, while another is in flight: 'wait' for it (default), or 'skip' this one. */
  ifBusy?: 'wait' | 'skip';
  /** Called with the path once the checkpoint is committed and named; what it throws rejects the save. */
  writeCallback?(path: string): void | Promise<void>;
}

export interface RestoreStateOptions {
  /** Default false. True: what optimizers keep for single variables stays as it is. */
  skipSlotVariables?: boolean;
  /** Default false. True: variables whose shape or dtype differs keep their value, the rest is restored. */
  skipMismatch?: boolean;
  /** Only variables, and numbers of optimizers, of which a name matches: the key, the path of the object, or what `loadWeights` knows. */
  include?: RegExp;
  /** Without those of which a name matches; stronger than `include`. */
  exclude?: RegExp;
  /** Where the checkpoint has what it has under another name, as `map` of `loadWeights`. */
  map?: Record<string, string>;
}

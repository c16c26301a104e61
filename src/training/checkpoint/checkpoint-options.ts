/** The options of a Checkpoint: their types, and the lists that they are checked with. */
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
  /** Default false. True: what optimizers keep for single variables (momentums and the like) is not written. */
  skipSlotVariables?: boolean;
  /** Names as in tf_keras's new optimizers ('new', the default) or as in its legacy ones ('legacy'). */
  optimizerKeys?: 'new' | 'legacy';
  /** What a background save does while another one runs: 'wait' for that one (default), or 'skip' this one. */
  ifBusy?: 'wait' | 'skip';
  /** Called with the path once the checkpoint is named; if it throws, the save rejects. Default: none. */
  writeCallback?(path: string): void | Promise<void>;
}

export interface RestoreStateOptions {
  /** Default false. True: what optimizers keep for single variables stays as it is. */
  skipSlotVariables?: boolean;
  /** Default false. True: variables whose shape or dtype differs keep their values; the others are restored. */
  skipMismatch?: boolean;
  /**
   * Restores only the variables, and the numbers of optimizers, that have a matching name: the key, the path of the
   * object, or a name that `include` of `loadWeights` knows. Default: everything.
   */
  include?: RegExp;
  /** Leaves out what has a matching name. Stronger than `include`. Default: nothing. */
  exclude?: RegExp;
  /**
   * Says where the checkpoint has what is stored under another name, as `map` of `loadWeights` does. Default: no other
   * names.
   */
  map?: Record<string, string>;
}

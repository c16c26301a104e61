/** The options of a Checkpoint, as lists. */
import { WRITER_OPTIONS } from '../../bundle/writer-options.js';
import type { OptionList } from '../../options.js';
import type { RestoreStateOptions, SaveOptions } from './checkpoint.js';

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

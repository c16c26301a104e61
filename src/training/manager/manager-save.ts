/** A save of a manager: its name, and the options that it hands on to the Checkpoint. */
import type { SaveOptions } from '../checkpoint/checkpoint-options.js';
import type { ManagerSaveOptions } from './manager-options.js';
import type { KeptCheckpoint } from './retention.js';

/** A save that is about to be made. */
export interface PlannedSave {
  readonly path: string;
  readonly absolute: string;
  /** The value of the save counter. */
  readonly counted: number;
  readonly made: KeptCheckpoint;
}

/** The options of a save without the manager's own. */
export function checkpointSaveOptions({
  checkpointNumber: _n,
  checkInterval: _i,
  metrics: _m,
  ...rest
}: ManagerSaveOptions): {
  write: SaveOptions;
} {
  const { background: _b, ...write } = rest as SaveOptions & { background?: boolean };
  return { write };
}

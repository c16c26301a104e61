/** How far a training has come, as it is stored in its backup. */
import { TensorBundleError } from '../../errors.js';
import type { SerializableState } from '../checkpoint/trackable-value.js';

/** The next batch to train with. */
export class BackupProgress implements SerializableState {
  epoch = 0;
  batch = 0;
  /** An EarlyStopping has ended the training. */
  isStopped = false;

  serialize(): string {
    const { epoch, batch, isStopped } = this;
    return JSON.stringify({ epoch, batch, ...(isStopped && { stopped: true }) });
  }

  deserialize(state: string): void {
    const { epoch, batch, stopped } = (parsed(state) ?? {}) as Record<string, unknown>;
    if (!isCount(epoch) || !isCount(batch))
      throw new TensorBundleError(
        'ERR_CORRUPT',
        'the backup does not say which epoch and batch come next; remove it, and begin the training anew',
        { found: state.slice(0, 100) },
      );
    this.epoch = epoch;
    this.batch = batch;
    this.isStopped = stopped === true;
  }

  is({ epoch, batch }: { readonly epoch: number; readonly batch: number }): boolean {
    return epoch === this.epoch && batch === this.batch;
  }
}

/** Undefined if the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/**
 * `node:diagnostics_channel` events of a save, for programs that trace or measure. Nothing is built while nobody
 * listens.
 */
import { channel } from 'node:diagnostics_channel';

export interface SaveEvent {
  prefix: string;
  /** Shards of the generation (the header's total). */
  shards: number;
  /** Bytes of tensor data. */
  bytes: number;
  tensors?: number;
  durable?: boolean;
  /** clean: names of the files that were removed. */
  removed?: readonly string[];
}

export type SavePhase = 'plan' | 'write' | 'sync' | 'commit' | 'clean';

const channels = {
  plan: channel('tensorbundle:plan'),
  write: channel('tensorbundle:write'),
  sync: channel('tensorbundle:sync'),
  commit: channel('tensorbundle:commit'),
  clean: channel('tensorbundle:clean'),
};

/** `tensorbundle:plan`, `:write`, `:sync`, `:commit` and `:clean`, each published when its phase is over. */
export function announce(phase: SavePhase, event: () => SaveEvent): void {
  const target = channels[phase];
  if (target.hasSubscribers) target.publish(event());
}

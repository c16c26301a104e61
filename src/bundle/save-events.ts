/**
 * `node:diagnostics_channel` events of a save, for programs that trace or measure. Events are built only if somebody
 * listens.
 */
import { channel } from 'node:diagnostics_channel';

export interface SaveEvent {
  /** The prefix that is being saved. */
  prefix: string;
  /** Number of data files of the new generation. */
  shards: number;
  /** Bytes of tensor data. */
  bytes: number;
  /** Number of tensors; only in the phases that know it. */
  tensors?: number;
  /** Whether the save is durable; only in the phases that know it. */
  durable?: boolean;
  /** Names of the files that were removed; only in the phase 'clean'. */
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

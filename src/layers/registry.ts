/**
 * Every kind of layer that this package knows. A new layer is one line in the file of its family (container.ts,
 * feed-forward.ts, recurrent.ts, wrappers.ts). A new family is one file and one line here.
 */
import { container } from './container.js';
import { customKind } from './custom.js';
import type { Kind } from './family.js';
import { feedForward } from './feed-forward.js';
import { recurrent } from './recurrent.js';
import type { Layer } from './types.js';
import { wrappers } from './wrappers.js';

const KINDS: ReadonlyMap<string, Kind> = new Map([container, feedForward, recurrent, wrappers].flat());

/** A class that is not registered here is described by its fields and by the registered class that it extends. */
export function layerKind(layer: Layer): Kind {
  return KINDS.get(layer.getClassName()) ?? customKind(baseOf(layer));
}

function baseOf(layer: Layer): Kind | undefined {
  let type: unknown = Object.getPrototypeOf(layer.constructor);
  while (typeof type === 'function') {
    const { className } = type as { className?: unknown };
    const kind = typeof className === 'string' ? KINDS.get(className) : undefined;
    if (kind !== undefined) return kind;
    type = Object.getPrototypeOf(type);
  }
  return undefined;
}

/** The classes of TensorFlow.js that have weights or hold layers. */
export function knownClasses(): string[] {
  return [...KINDS.keys()].sort();
}

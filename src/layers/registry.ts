/** Every kind of layer this package knows. A new family is one file and one line here. */
import { container } from './container.js';
import { convolution } from './convolution.js';
import { dense } from './dense.js';
import type { Describe } from './family.js';
import { normalization } from './normalization.js';

const DESCRIPTIONS: ReadonlyMap<string, Describe> = new Map([...container, ...dense, ...convolution, ...normalization]);

/** Undefined for a class that is not registered. */
export function descriptionOf(className: string): Describe | undefined {
  return DESCRIPTIONS.get(className);
}

/** For messages: the classes that have weights or hold layers. */
export function knownClasses(): string[] {
  return [...DESCRIPTIONS.keys()].sort();
}

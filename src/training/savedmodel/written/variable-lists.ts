/** The lists by which Python fine-tunes an object: those of a tf.Module, which its class computes. */
import type { Numbering } from '../../../graph/numbering.js';
import { isAnyVariable, isLayer } from '../../../layers/family.js';
import { isOptimizer } from '../../../layers/optimizers/optimizer.js';
import { weightNames } from '../../../layers/trained.js';
import { liveValue } from '../../../layers/variable.js';
import type { NumberedVariable } from './contents.js';

/** `live`: the objects by their numbers. The variables of optimizers do not belong to a module. */
export function variableLists(
  numbering: Numbering,
  live: readonly unknown[],
  variables: readonly NumberedVariable[],
): Map<string, readonly number[]> {
  const within = withoutOptimizers(numbering, live);
  const own = variables.filter(({ number }) => within.has(number));
  const layers = live.filter(isLayer);
  const weights = new Set(weightNames(layers.flatMap(layer => layer.weights)));
  const trained = new Set(weightNames(layers.flatMap(layer => layer.trainableWeights)));
  const isTrained = ({ number }: NumberedVariable): boolean => {
    const one = live[number];
    if (!isAnyVariable(one)) return false;
    const { name, trainable } = liveValue(one, one.name);
    return weights.has(name) ? trained.has(name) : trainable;
  };
  const numbers = (all: readonly NumberedVariable[]): number[] => all.map(({ number }) => number);
  return new Map([
    ['variables', numbers(own)],
    ['trainable_variables', numbers(own.filter(isTrained))],
  ]);
}

function withoutOptimizers({ objects, numbers }: Numbering, live: readonly unknown[]): Set<number> {
  const found = new Set([0]);
  for (const number of found) {
    const one = live[number];
    if (typeof one === 'object' && one !== null && isOptimizer(one)) continue;
    for (const { node } of objects[number]!.object.children) found.add(numbers.get(node)!);
  }
  return found;
}

/**
 * Copies weights from one model to another in memory, without copying bytes where TensorFlow.js can safely share them.
 */

import { isHandedOut } from '../bundle/tf-staging.js';
import { invalidArgument } from '../errors.js';
import { compare } from '../graph/mismatch.js';
import { type KeyedAttribute, keyedAttributes, numberObjects } from '../graph/numbering.js';
import { matchByEdges } from '../graph/restore/by-edges.js';
import { findMisplaced, MisplacedWeightsError } from '../graph/restore/misplaced.js';
import {
  RestoreMismatchError,
  type RestoreOutcome,
  type RestoreStatus,
  restoreStatus,
} from '../graph/restore/restore-status.js';
import { decodeObjectGraph } from '../graph/stored/decode.js';
import { buildObjectGraph } from '../graph/stored/encode.js';
import type { Trackable } from '../graph/trackable.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { copyOf } from '../realms.js';
import { clone, engine, type Tensor, tensor, tidy, type Variable } from '../tfjs-core.js';
import { modelTrackable } from './model.js';
import type { AnyVariable, Layer, LayersModel, LayerVariable } from './types.js';
import { liveValue, variableOf } from './variable.js';

export interface CopyWeightsOptions {
  /**
   * How variables are paired. 'order' (default): the first with the first, and so on, layer by layer, whether trainable
   * or not, as in Keras's `to.set_weights(from.get_weights())`. 'path': as `loadWeights` would find what `saveWeights`
   * saved. This also works if layers were added at the end or in a nested model.
   */
  by?: 'order' | 'path';
}

const OPTIONS: OptionList<CopyWeightsOptions> = { by: true };

/** A variable of the target and the one that gives it its value. */
interface Pair {
  readonly source: KeyedAttribute;
  readonly target: KeyedAttribute;
}

/**
 * Copies the weights of a built model into another one, for example of a functional model into the same one with
 * Dropout inserted. Synchronous. The models may be the same, share layers, and be on different backends; afterwards
 * they are independent. Keys in the status are those that `saveWeights` would give: of `from` for loaded, unused and
 * mismatched values, of `to` for missing ones. Missing and unused values are not errors: look at the status.
 *
 * Throws ERR_MISMATCH (`error.status` says more) if a shape or dtype differs. Throws MisplacedWeightsError
 * (ERR_MISMATCH) if a layer would get the weights of a layer of another name while the target has a layer of that name,
 * and you gave the names. Both change nothing. ERR_INVALID_ARGUMENT for something that is not a built model or not an
 * option; ERR_STATE for a disposed model.
 *
 * @example
 * copyWeights(trained, withDropout).assertConsumed();
 */
export function copyWeights(from: LayersModel, to: LayersModel, options: CopyWeightsOptions = {}): RestoreStatus {
  refuseUnknown(options, 'copyWeights', OPTIONS);
  const { by = 'order' } = options;
  if (by !== 'order' && by !== 'path') {
    throw invalidArgument("copyWeights pairs variables by 'order' or by 'path'", {
      expected: ['order', 'path'],
      found: by,
    });
  }
  const source = describeWeights(from);
  const target = describeWeights(to);
  const pairs = by === 'order' ? pairByOrder(source, target) : pairByPath(source, target);
  const paired = new Map(pairs.map(pair => [pair.target.key, pair.source.key]));
  const used = new Set(paired.values());
  const outcome: RestoreOutcome = {
    path: `the model '${from.name}'`,
    source: 'the other model',
    root: '',
    selected: target.variables.length,
    loaded: [],
    missing: target.variables.flatMap(({ key, attribute: { label } }) => (paired.has(key) ? [] : [{ key, label }])),
    unused: source.variables.map(({ key }) => key).filter(key => !used.has(key)),
    mismatched: pairs.flatMap(({ source: { key, attribute }, target }) => {
      const mismatch = compare(key, target.attribute, attribute);
      return mismatch === null ? [] : [{ ...mismatch, label: target.attribute.label }];
    }),
    refusedValues: false,
  };
  if (outcome.mismatched.length > 0) {
    outcome.refusedValues = true;
    throw new RestoreMismatchError(restoreStatus(outcome), outcome);
  }
  const takings = pairs.map(({ source: { key, attribute }, target }) => {
    const { fullName: name } = target.attribute;
    return { key, storedName: attribute.fullName, taker: target.attribute, name };
  });
  const misplaced = findMisplaced(target.root, takings);
  if (misplaced.length > 0) throw new MisplacedWeightsError(misplaced, 'the other model', outcome.path);
  tidy(() => {
    // All values are kept before the first is replaced, because the models may share variables.
    const values = pairs.map(pair => independent(variableToCopy(pair.source)));
    for (const [i, pair] of pairs.entries()) variableToCopy(pair.target).assign(values[i]!);
  });
  outcome.loaded.push(...pairs.map(({ source: { key }, target }) => ({ key, label: target.attribute.label })));
  return restoreStatus(outcome);
}

interface Described {
  readonly root: Trackable;
  /** In Keras's order: layer by layer, each variable once. */
  readonly variables: readonly KeyedAttribute[];
}

/**
 * Not `model.weights` of tfjs, which lists all trainable variables first, so that freezing a layer would change the
 * pairs. Keras goes by layers (tf_keras/src/engine/training.py, `weights`).
 */
function describeWeights(model: LayersModel): Described {
  const root = modelTrackable(model);
  const byVariable = new Map<AnyVariable | undefined, KeyedAttribute>(
    keyedAttributes(numberObjects(root).objects).map(keyed => [variableOf(keyed.attribute), keyed]),
  );
  const listed = [...allWeights(model, new Set())].flatMap(variable => byVariable.get(variable) ?? []);
  // tfjs does not list the weights of layers in the fields of a custom layer: those come last.
  return { root, variables: [...new Set([...listed, ...byVariable.values()])] };
}

function pairByOrder(source: Described, target: Described): Pair[] {
  const count = Math.min(source.variables.length, target.variables.length);
  return source.variables.slice(0, count).map((one, i) => ({ source: one, target: target.variables[i]! }));
}

/** Pairs variables as a checkpoint of the source would be matched. */
function pairByPath(source: Described, target: Described): Pair[] {
  const graph = decodeObjectGraph(buildObjectGraph(source.root).serialized, 'the other model');
  const byKey = new Map(source.variables.map(one => [one.key, one]));
  const { keys } = matchByEdges(target.root, graph, 0);
  return target.variables.flatMap(one => {
    const found = byKey.get(keys.get(one.attribute) ?? '');
    return found === undefined ? [] : [{ source: found, target: one }];
  });
}

function allWeights(layer: Layer, found: Set<LayerVariable>): Set<LayerVariable> {
  const { layers } = layer as Layer & { layers?: readonly Layer[] };
  if (layers) for (const inner of layers) allWeights(inner, found);
  // A model's own weights come after those of its layers. Each counts once.
  for (const variable of layer.weights) found.add(variable);
  return found;
}

function variableToCopy({ attribute }: KeyedAttribute): Variable {
  return liveValue(variableOf(attribute)!, attribute.label);
}

/**
 * A tensor with the same value. It shares the data, which is immutable, except in two cases, where it is a copy:
 * - The data is on another backend than the one in use. tfjs counts references on the backend in use, so the other
 *   one would free the data while the copy still needs it.
 * - The data is an array that `dataSync` hands out, so a caller may change it.
 */
function independent(value: Tensor): Tensor {
  const { backend } = engine();
  const info: { backend?: unknown } | undefined = engine().state.tensorInfo.get(value.dataId);
  if (info?.backend === backend && !isHandedOut(value)) return clone(value);
  return tensor(copyOf(value.dataSync() as Float32Array), value.shape, value.dtype);
}

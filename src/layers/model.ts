/** A tfjs LayersModel seen as the object that tf_keras saves with `save_weights(prefix)`. */

import type { Variable } from '@tensorflow/tfjs-core';
import { invalidArgument, TensorBundleError } from '../errors.js';
import type { Attribute } from '../graph/attribute.js';
import { holdsValues } from '../graph/numbering.js';
import { branch, type Edge, type Trackable } from '../graph/trackable.js';
import { notBuilt } from './container.js';
import { incompleteLayer } from './deferred-layers.js';
import { isLayer, type Place, type Surroundings } from './family.js';
import { variableAliases } from './keras3.js';
import { kerasNames, layerName } from './naming.js';
import { knownClasses, layerKind } from './registry.js';
import { trainedWeights } from './trained.js';
import type { AnyVariable, Layer, LayersModel } from './types.js';
import { awaitsWeights, innerNotBuilt } from './unbuilt.js';
import { liveValue, type VariableNames, variableTrackable } from './variable.js';

/**
 * Describes the model and everything in it. Throws ERR_INVALID_ARGUMENT for something that is not a built LayersModel,
 * or if a layer inside a layer is not built; ERR_NOT_SUPPORTED for weights that have no place in a checkpoint;
 * ERR_STATE for a disposed model.
 */
export function modelTrackable(model: LayersModel): Trackable {
  checkModel(model);
  const view = new ModelView([model]);
  const trackable = view.layer(model, { scope: model.name, label: model.name });
  view.requireExpected();
  return trackable;
}

/** Throws ERR_INVALID_ARGUMENT for something that is not a LayersModel. */
export function checkModel(model: LayersModel): void {
  if (!isModel(model)) throw invalidArgument('give a model made by tf.sequential, tf.model or tf.loadLayersModel');
}

export function isModel(value: unknown): value is LayersModel {
  const { layers, getClassName } = (value ?? {}) as Partial<LayersModel>;
  return Array.isArray(layers) && typeof getClassName === 'function';
}

interface ModelViewOptions {
  /** Default false: a layer that is not built is refused. True: its variables may come later. */
  readonly defer?: boolean;
  /** The optimizer of a compiled model, which Keras tracks as its child; none by default. */
  optimizerOf?(model: Layer): Trackable | undefined;
}

/** Describes models and layers together, and keeps their descriptions. */
export class ModelView implements Surroundings {
  readonly #roots: readonly Layer[];
  readonly #options: ModelViewOptions;
  readonly #names: ReadonlyMap<Layer, string>;
  /** The fields of a custom layer are looked through for them, so they are remembered. */
  readonly #inner = remembered((layer: Layer) => layerKind(layer).inner?.(layer) ?? []);
  readonly #layers = new Map<Layer, Trackable>();
  /** By the tf.Variable, so that a weight and the tf.Variable in it are one node. */
  readonly #variables = new Map<Variable, Trackable>();
  #byName: ReadonlyMap<string, Trackable> | undefined;
  #fullNames: ReadonlyMap<string, number> | undefined;
  readonly #expected: { readonly thing: AnyVariable | Layer; readonly refusal: TensorBundleError }[] = [];

  /** `roots`: all models and layers that will be described, because Keras's names depend on the layers made before. */
  constructor(roots: readonly Layer[], options: ModelViewOptions = {}) {
    this.#roots = roots;
    this.#names = kerasNames(roots, this.#inner);
    this.#options = options;
  }

  layer(layer: Layer, place: Place): Trackable {
    const known = this.#layers.get(layer);
    if (known) return known;
    // Registered before its description is complete, because a custom layer may hold the layer that holds it.
    const children: Edge[] = [];
    const names = { label: place.label, fullName: place.scope, layer: layerName(layer) };
    const incomplete = this.#options.defer ? incompleteLayer(layer, () => this.#again(layer, place)) : undefined;
    if (incomplete) {
      const described = { ...branch(children), ...names, incomplete };
      this.#layers.set(layer, described);
      return described;
    }
    let aliases: readonly Edge[] | undefined;
    let kindsAliases: (() => readonly Edge[]) | undefined;
    const trackable: Trackable = {
      ...branch(children),
      ...names,
      get aliases() {
        aliases ??= [...variableAliases(children), ...(kindsAliases?.() ?? [])];
        return aliases;
      },
    };
    this.#layers.set(layer, trackable);
    if ('layers' in layer && (layer.layers as readonly Layer[]).length === 0) throw notBuilt(layer);
    const awaiting = awaitsWeights(layer);
    // Checked before the layers in it, which are not built either: this is the layer that the user knows.
    if (awaiting && knownClasses().includes(layer.getClassName())) throw innerNotBuilt(layer, place.label);
    const kind = layerKind(layer);
    children.push(...kind.edges(layer, this, place));
    const optimizer = this.#options.optimizerOf?.(layer);
    if (optimizer) children.push({ name: 'optimizer', node: optimizer });
    kindsAliases = kind.aliases?.(layer, this, trackable);
    this.#requireAllPlaced(layer);
    if (awaiting && !holdsValues(trackable)) throw innerNotBuilt(layer, place.label);
    return trackable;
  }

  /** Describes the layer alone, as it is now. What was described with it has not changed. */
  #again(layer: Layer, place: Place): Trackable {
    return new ModelView([layer], this.#options).layer(layer, place);
  }

  /** All layers and tf.Variables that were described, and their nodes. */
  described(): (readonly [object: Layer | Variable, node: Trackable])[] {
    return [...this.#layers, ...this.#variables];
  }

  /** The node of a tf.Variable that has been described, by its name in tfjs. */
  nodeOfVariable(name: string): Trackable | undefined {
    this.#byName ??= new Map([...this.#variables].map(([variable, node]) => [variable.name, node]));
    return this.#byName.get(name);
  }

  variable(variable: AnyVariable, name: string, place: Place, refuse?: Attribute['refuse']): Trackable {
    return this.#variable(variable, { fullName: `${place.scope}/${name}`, label: `${place.label}/${name}`, refuse });
  }

  /** A variable that no layer holds. */
  freeVariable(variable: AnyVariable, fullName: string, label: string): Trackable {
    return this.#variable(variable, { fullName, label, refuse: undefined });
  }

  #variable(variable: AnyVariable, names: VariableNames): Trackable {
    const identity = liveValue(variable, names.label);
    const known = this.#variables.get(identity);
    if (known) return known;
    const trackable = variableTrackable(variable, names, identity);
    this.#variables.set(identity, trackable);
    this.#byName = undefined;
    this.#fullNames = undefined;
    return trackable;
  }

  /** For each root, its trained names. */
  networks(): (readonly string[])[] {
    return this.#roots.map(this.trainedNames);
  }

  /** The tfjs names of all weights of a layer that can be trained, even if frozen now, in Keras's order. */
  readonly trainedNames = remembered((layer: Layer): readonly string[] =>
    trainedWeights(layer, this.#inner).map(weight => liveValue(weight, weight.name).name),
  );

  /** Whether a layer is not built yet. */
  get isIncomplete(): boolean {
    return [...this.#layers.values()].some(({ incomplete }) => incomplete !== undefined);
  }

  /** Whether several variables have this name in Keras. */
  isShared(fullName: string): boolean {
    this.#fullNames ??= countsOf([...this.#variables.values()].map(({ attributes }) => attributes[0]!.fullName));
    return this.#fullNames.get(fullName)! > 1;
  }

  /**
   * Names, in tfjs, of the variables that are trained: layer by layer, then those of no layer, the order of Keras's
   * optimizers.
   */
  trainable(): string[] {
    const weights = this.#roots.flatMap(root => root.trainableWeights);
    const others = [...this.#variables.keys()].filter(({ trainable }) => trainable);
    const ofLayers = weights.map(weight => liveValue(weight, weight.name));
    const frozen = new Set(this.#roots.flatMap(root => root.weights).map(weight => liveValue(weight, weight.name)));
    return [...new Set([...ofLayers, ...others.filter(variable => !frozen.has(variable))])].map(({ name }) => name);
  }

  isPlaced(variable: AnyVariable): boolean {
    return this.#variables.has(liveValue(variable, variable.name));
  }

  expectPlaced(thing: AnyVariable | Layer, refusal: TensorBundleError): void {
    this.#expected.push({ thing, refusal });
  }

  requireExpected(): void {
    for (const { thing, refusal } of this.#expected) {
      if (!(isLayer(thing) ? this.#layers.has(thing) : this.isPlaced(thing))) throw refusal;
    }
  }

  nameOf(layer: Layer): string {
    return this.#names.get(layer) ?? layer.name;
  }

  /** No weight may be left out silently, for example if a new version of a TensorFlow.js class has one more. */
  #requireAllPlaced(layer: Layer): void {
    const forgotten = layer.weights.find(variable => !this.isPlaced(variable));
    if (forgotten === undefined) return;
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `layer '${layer.name}' (${layer.getClassName()}) has the weight ${forgotten.originalName}, for which ` +
        `this version of tensorbundle knows no place in a checkpoint; it knows these classes with weights: ` +
        knownClasses().join(', '),
      { tensor: forgotten.originalName, found: layer.getClassName(), expected: knownClasses() },
    );
  }
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function remembered<T>(of: (layer: Layer) => T): (layer: Layer) => T {
  const known = new Map<Layer, T>();
  return layer => {
    const before = known.get(layer);
    if (before !== undefined) return before;
    const value = of(layer);
    known.set(layer, value);
    return value;
  };
}

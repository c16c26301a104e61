/**
 * Decides what each value in a checkpoint is: a tfjs model, layer, optimizer or variable, a value of another kind, a
 * class that says what it tracks, Python state, or an array, object or Map of these
 * (tensorflow/python/trackable/base.py and data_structures.py decide this for Python).
 */
import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import { isResumable, resumableTrackable } from '../../data/resumable.js';
import { invalidArgument, type TensorBundleError } from '../../errors.js';
import { branch, type Edge, type Trackable } from '../../graph/trackable.js';
import { isTrackedValue, valueTrackable } from '../../graph/tracked-value.js';
import { isAnyVariable, isLayer } from '../../layers/family.js';
import { ModelView } from '../../layers/model.js';
import type { ScalingForm } from '../../layers/optimizers/loss-scaling.js';
import { isOptimizer, optimizerTrackable } from '../../layers/optimizers/optimizer.js';
import { type Belongings, distinct } from '../../layers/optimizers/ownership.js';
import { givenWeights } from '../../layers/trained.js';
import type { AnyVariable, Layer, LayersModel } from '../../layers/types.js';
import { liveValue } from '../../layers/variable.js';
import { classOf, isLiteral, isMap, isSet } from '../../realms.js';
import { isSerializable, stateTrackable } from './python-state.js';
import type { Trackables, TrackableValue } from './trackable-value.js';

export interface DescribeOptions {
  /** The names under which the state of optimizers is written. Default 'new'. */
  optimizerKeys?: 'new' | 'legacy' | undefined;
  /** In whose form the state of loss scaling is written. Default: as it was restored, else as Keras 3 does. */
  scalingForm?: ScalingForm | undefined;
  /** Whether what optimizers keep for single variables is left out. Default false. */
  skipSlotVariables?: boolean | undefined;
  /** Variables that functions use which are saved with the objects: those of optimizers get a place. Default: none. */
  used?: ReadonlySet<Variable> | undefined;
  /** Default true: the optimizer of a compiled model is a child of the model, as in Keras. */
  optimizers?: boolean | undefined;
  /** Default false: a layer that is not built yet is refused. True: its values may come later. */
  defer?: boolean | undefined;
}

/** Describes the objects of one checkpoint. Each live object is one node, however many names it has. */
export class Description {
  readonly #options: DescribeOptions;
  readonly #view: ModelView;
  readonly #known = new Map<object, Trackable>();
  /** Made on first use, after everything has been described. */
  #objects: ReadonlyMap<Trackable, object> | undefined;
  /** For each optimizer, the models that were compiled with it. */
  readonly #compiled = new Map<Optimizer, LayersModel[]>();
  /** Described after everything else, because they refer to variables of other objects. */
  readonly #optimizers: (() => Trackable)[] = [];

  /** `values`: everything that will be described, since Keras names layers in the order in which they were made. */
  constructor(values: readonly unknown[], options: DescribeOptions = {}) {
    this.#options = options;
    this.#view = new ModelView(trackedLayers(values), {
      defer: options.defer ?? false,
      optimizerOf: model => this.#optimizerOf(model),
    });
  }

  /** `path` says in messages where the value is. Throws ERR_INVALID_ARGUMENT for a value that cannot be tracked. */
  trackable(value: unknown, path: string): Trackable {
    const node = this.#find(value, path);
    if (node !== undefined) return node;
    throw notTrackable(value, path);
  }

  /** The live object that a node describes; undefined for a node without one (a list of variables, a step's value). */
  objectOf(trackable: Trackable): unknown {
    this.#objects ??= new Map([...this.#known, ...this.#view.described()].map(([object, node]) => [node, object]));
    return this.#objects.get(trackable);
  }

  #child(name: string, value: unknown, path: string): Edge {
    return { name, node: this.trackable(value, path === '' ? name : `${path}.${name}`) };
  }

  /** Must be called after everything has been described and before the graph is used. */
  complete(): void {
    for (const optimizer of this.#optimizers.splice(0)) optimizer();
    this.#view.requireExpected();
  }

  #find(value: unknown, path: string): Trackable | undefined {
    if (typeof value === 'function' && tracksChildren(value))
      return this.#known.get(value) ?? this.#collection(value, path);
    if (typeof value !== 'object' || value === null) return undefined;
    const known = this.#known.get(value);
    if (known) return known;
    if (isAnyVariable(value)) return this.#view.freeVariable(value, variableName(value), path);
    if (isLayer(value)) return this.#view.layer(value, { scope: this.#view.nameOf(value), label: value.name });
    if (isOptimizer(value)) return this.#optimizer(value, `the optimizer '${path}'`);
    if (isTrackedValue(value)) return this.#keep(value, valueTrackable(value, path));
    if (isResumable(value)) return this.#keep(value, resumableTrackable(value, path));
    return this.#collection(value, path);
  }

  #collection(value: object, path: string): Trackable | undefined {
    const tracked = (value as { trackedChildren?: unknown }).trackedChildren;
    const state = isSerializable(value) ? stateTrackable(value, path).attributes : [];
    const named = typeof tracked === 'function' ? tracked.call(value) : state.length > 0 ? {} : itemsOf(value, path);
    if (named === undefined) return undefined;
    // Remembered before it is complete, since objects may contain each other.
    const children: Edge[] = [];
    const node: Trackable = { ...branch(children), attributes: state };
    this.#keep(value, node);
    // One by one: an array may have thousands, and an object with all their names is slow to make.
    if (Array.isArray(named))
      for (let i = 0; i < named.length; i++) children.push(this.#child(String(i), named[i], path));
    else for (const [name, one] of Object.entries(named)) children.push(this.#child(name, one, path));
    return node;
  }

  #optimizerOf(model: Layer): Trackable | undefined {
    const { optimizer } = model as Partial<LayersModel>;
    if (this.#options.optimizers === false || !isOptimizer(optimizer)) return undefined;
    this.#compiled.set(optimizer, [...(this.#compiled.get(optimizer) ?? []), model as LayersModel]);
    return this.#optimizer(optimizer, `the optimizer of ${model.name}`);
  }

  #optimizer(optimizer: Optimizer, label: string): Trackable {
    const known = this.#known.get(optimizer);
    if (known) return known;
    const { optimizerKeys = 'new', scalingForm, skipSlotVariables = false, used } = this.#options;
    const node: { -readonly [K in keyof Trackable]: Trackable[K] } = { children: [], attributes: [] };
    this.#optimizers.push(() =>
      Object.assign(
        node,
        optimizerTrackable(optimizer, {
          ...this.#belongings(optimizer, label),
          keys: optimizerKeys,
          scalingForm,
          used,
          slots: !skipSlotVariables,
          isIncomplete: this.#view.isIncomplete,
          nodeOf: name => this.#view.nodeOfVariable(name),
          isShared: fullName => this.#view.isShared(fullName),
        }),
      ),
    );
    return this.#keep(optimizer, node);
  }

  #belongings(optimizer: Optimizer, label: string): Belongings {
    return this.belongings(this.#compiled.get(optimizer) ?? [], label);
  }

  /** What shows which variables the slots of an optimizer belong to, with which `models` were compiled. */
  belongings(models: readonly LayersModel[], label: string): Belongings {
    const names = (weights: readonly AnyVariable[]): string[] => weights.map(one => liveValue(one, one.name).name);
    const given = models.map(model => names(givenWeights(model))).filter(({ length }) => length > 0);
    const compiled = models.map(model => this.#view.trainedNames(model));
    return {
      label,
      given: distinct(given),
      compiled,
      networks: this.#view.networks(),
      trainable: this.#view.trainable(),
    };
  }

  #keep(value: object, node: Trackable): Trackable {
    this.#known.set(value, node);
    return node;
  }
}

/** Also a function that `func` of tensorbundle/savedmodel made, which is an object without values, as in Python. */
function tracksChildren(value: object): boolean {
  return typeof (value as { trackedChildren?: unknown }).trackedChildren === 'function';
}

/** Keras's default name where tfjs has only given a number. */
function variableName(variable: AnyVariable): string {
  const name = 'originalName' in variable ? variable.originalName : variable.name;
  return /^\d+$/.test(name) ? 'Variable' : name;
}

/**
 * The items by name, or in an array; undefined if the value is not a collection. Throws ERR_INVALID_ARGUMENT for a Map
 * with a key that is not a string.
 */
function itemsOf(value: object, path: string): Trackables | readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (isMap(value)) {
    for (const key of value.keys()) if (typeof key !== 'string') throw badKey(key, path);
    return Object.fromEntries(value as Map<string, TrackableValue>);
  }
  return isLiteral(value) ? (value as Trackables) : fieldsWithFunctions(value);
}

/**
 * The fields of an instance of a class, if functions that `func` made are among them: it is then what tf.Module is in
 * Python, whose fields are tracked, except for numbers, strings and the like. Other classes say themselves what they
 * track.
 */
function fieldsWithFunctions(value: object): Trackables | undefined {
  const fields = Object.entries(value) as [string, unknown][];
  const isTraced = (one: unknown): boolean => typeof one === 'function' && tracksChildren(one);
  if (!fields.some(([, one]) => isTraced(one))) return undefined;
  const tracked = fields.filter(([, one]) => (typeof one === 'object' && one !== null) || isTraced(one));
  return Object.fromEntries(tracked) as Trackables;
}

/** Every layer and model in the values; needed to name them. */
function trackedLayers(values: readonly unknown[]): Layer[] {
  const found: Layer[] = [];
  addTrackedLayers(values, found, new Set());
  return found;
}

function addTrackedLayers(values: readonly unknown[], found: Layer[], seen: Set<object>): void {
  for (const value of values) {
    // Variables first, because there may be thousands.
    if (typeof value !== 'object' || value === null || isAnyVariable(value) || seen.has(value)) continue;
    seen.add(value);
    if (isLayer(value)) {
      found.push(value);
      continue;
    }
    const tracked = (value as { trackedChildren?: unknown }).trackedChildren;
    const isTracking = typeof tracked === 'function';
    const items = isTracking
      ? Object.values(tracked.call(value) as object)
      : isSet(value)
        ? undefined
        : plainItems(value);
    if (items !== undefined) addTrackedLayers(items, found, seen);
  }
}

function plainItems(value: object): unknown[] | undefined {
  if (isMap(value)) return [...value.values()];
  if (Array.isArray(value) || isLiteral(value)) return Object.values(value);
  const fields = fieldsWithFunctions(value);
  return fields && Object.values(fields);
}

function badKey(key: unknown, path: string): TensorBundleError {
  return invalidArgument(
    `the Map at '${path}' has a key that is not a string (${String(key)}); a checkpoint stores everything under names`,
    { found: typeof key },
  );
}

function notTrackable(value: unknown, path: string): TensorBundleError {
  const what = classOf(value);
  return invalidArgument(
    `'${path}' is ${what}, which cannot be saved in a checkpoint; give a model, layer, optimizer, tf.Variable, an ` +
      'array, plain object or Map of these, an object with trackedChildren(), or one with serialize() and ' +
      'deserialize()' +
      (typeof value === 'function' ? '; a function must be made by func of tensorbundle/savedmodel' : ''),
    { found: what },
  );
}

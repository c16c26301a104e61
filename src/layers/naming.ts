/**
 * Keras's names for the layers of a tfjs model, for the `full_name` of variables. A name that the user gave is kept. An
 * automatic name (`dense_Dense3`: class in snake case, class, a counter of the process) becomes the name that Keras
 * would have given the layer in a fresh session: `dense`, `dense_1`, … in the order in which the layers were made,
 * which the counter shows. Layers in wrappers and cells count, too (tf_keras/src/backend.py, unique_object_name).
 */
import type { LayerName } from '../graph/trackable.js';
import type { Layer } from './types.js';

/** How names of layers of a class begin. */
interface ClassNames {
  /** tfjs's spelling and the class: `conv_lst_m2d_ConvLSTM2D`. */
  readonly tfjs: string;
  /** Keras's spelling: `conv_lstm2d`. */
  readonly keras: string;
}

/** By which pattern words are found in a class's name: the two packages disagree about `ConvLSTM2D`. */
export const WORDS = { keras3: /(.)([A-Z][a-z]+)/g, tf_keras: /(.)([A-Z][a-z0-9]+)/g } as const;

/** The name of a class in snake case; `words`: one of WORDS. */
export function snakeCase(className: string, words: RegExp): string {
  return className
    .replace(words, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

const classNames = new Map<string, ClassNames>();

function namesOf(className: string): ClassNames {
  const known = classNames.get(className);
  if (known) return known;
  const names = {
    tfjs: `${snakeCase(className, WORDS.tf_keras)}_${className}`,
    keras: snakeCase(className, WORDS.keras3),
  };
  classNames.set(className, names);
  return names;
}

interface AutomaticName {
  /** The prefix that Bidirectional puts before the name of its layer. */
  readonly prefix: string;
  readonly base: string;
  readonly counter: number;
}

const DIRECTIONS: readonly string[] = ['forward_', 'backward_'];

function automaticName(layer: Layer): AutomaticName | null {
  const { name } = layer;
  const { tfjs, keras } = namesOf(layer.getClassName());
  const prefix = DIRECTIONS.find(direction => name.startsWith(direction)) ?? '';
  if (!name.startsWith(tfjs, prefix.length)) return null;
  const counter = name.slice(prefix.length + tfjs.length);
  return /^\d+$/.test(counter) ? { prefix, base: keras, counter: Number(counter) } : null;
}

/** Whether tfjs made up the name of a layer. */
export function isAutomatic(layer: Layer): boolean {
  return automaticName(layer) !== null;
}

/** tfjs does not number models as it numbers layers, and Keras 2 and 3 have different names for a functional model. */
const MODELS = /^(sequential|model|functional)_?\d*$/;

/**
 * The name of a layer, and whether a user gave it. A name that Keras could have made up for the class (`dense_1`)
 * counts as made up even if a user wrote it, because it may have come from Keras with the architecture.
 */
export function layerName(layer: Layer): LayerName {
  const { name } = layer;
  const isModel = 'layers' in layer;
  const { tfjs, keras } = namesOf(layer.getClassName());
  const isAutomatic = (name: string): boolean => {
    if (isModel && MODELS.test(name)) return true;
    const rest = name.replace(/^(forward|backward)_/, '');
    return (
      [`${keras}_`, tfjs].some(start => rest.startsWith(start) && /^\d+$/.test(rest.slice(start.length))) ||
      rest === keras
    );
  };
  return {
    name,
    isModel,
    isAutomatic,
    // Only a restore asks for it.
    get isGiven() {
      return !isAutomatic(name);
    },
  };
}

/** These layers and every layer that they hold, directly or not, each once. */
function allLayers(roots: readonly Layer[], innerOf: (layer: Layer) => readonly Layer[]): Set<Layer> {
  const found = new Set<Layer>(roots);
  const visit = (holder: Layer): void => {
    for (const layer of innerOf(holder)) {
      if (found.has(layer)) continue;
      found.add(layer);
      visit(layer);
    }
  };
  for (const root of roots) visit(root);
  return found;
}

/** `innerOf` gives the layers that a layer holds directly. */
export function kerasNames(roots: readonly Layer[], innerOf: (layer: Layer) => readonly Layer[]): Map<Layer, string> {
  const named = [...allLayers(roots, innerOf)].map(layer => ({ layer, automatic: automaticName(layer) }));
  // For each class, the counters in the order found. The two directions of a Bidirectional share one, that of the layer
  // that they copy.
  const counters = new Map<string, Map<string, number>>();
  const unit = ({ prefix, counter }: AutomaticName, i: number): string =>
    prefix === '' ? `${i}` : `copies of ${counter}`;
  named.forEach(({ automatic }, i) => {
    if (automatic === null) return;
    const units = counters.get(automatic.base) ?? new Map<string, number>();
    counters.set(automatic.base, units.set(unit(automatic, i), automatic.counter));
  });
  const ranks = new Map(
    [...counters].map(([base, units]) => {
      const ordered = [...units].sort(([, a], [, b]) => a - b);
      return [base, new Map(ordered.map(([key], rank) => [key, rank]))];
    }),
  );
  return new Map(
    named.map(({ layer, automatic }, i) => {
      if (automatic === null) return [layer, layer.name];
      const rank = ranks.get(automatic.base)!.get(unit(automatic, i))!;
      return [layer, `${automatic.prefix}${automatic.base}${rank === 0 ? '' : `_${rank}`}`];
    }),
  );
}

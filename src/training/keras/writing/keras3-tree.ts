/**
 * A model's weights in Keras 3's layout, for `.weights.h5` and for `.keras`. Where tf_keras looks for an object under
 * another name, that name is a link to the same group, so that one file serves both.
 */
import type { KerasVariable, KerasVariables } from '../../../layers/optimizers/keras-variables.js';
import type { Layer } from '../../../layers/types.js';
import { snakeCase } from '../layouts/class-names.js';
import type { Keras3Object } from '../layouts/keras3-objects.js';
import type { CapturedValues, Source } from './captured-values.js';
import { Group, partsOf } from './group.js';

/** What is saved. */
interface Keras3Content {
  readonly objects: readonly Keras3Object[];
  /** The names of layers. Keras writes them for people who look into the file. */
  readonly names: ReadonlyMap<Layer, string>;
  readonly optimizer: KerasVariables | undefined;
}

/** Keeps all values. */
export function keras3Tree({ objects, names, optimizer }: Keras3Content, values: CapturedValues): Group {
  const root = new Group();
  const groups = new Map<Keras3Object, Group>();
  for (const object of objects) {
    const group = root.at(object.path)!;
    groups.set(object, group);
    addVariables(group, names.get(object.layer) ?? object.layer.name, object.variables, values);
  }
  linkForTfKeras(root, groups);
  if (optimizer) addOptimizer(root.at('optimizer')!, optimizer, values);
  return root;
}

/** Also for an object without variables: Keras 3 has such a group since 3.5, and tf_keras needs that of the model. */
function addVariables(group: Group, name: string, variables: readonly Source[], values: CapturedValues): void {
  const vars = group.at('vars')!;
  vars.attributes = new Map([['name', { text: name }]]);
  variables.forEach((variable, i) => {
    vars.children.set(String(i), values.dataset(variable));
  });
}

function addOptimizer(group: Group, { kerasName, variables, inner }: KerasVariables, values: CapturedValues): void {
  const add = (at: Group, name: string, all: readonly KerasVariable[]): void => addVariables(at, name, all, values);
  const name = snakeCase(kerasName, 'keras3');
  add(group, inner ? 'loss_scale_optimizer' : name, variables);
  if (inner) add(group.at('inner_optimizer')!, name, inner);
}

/**
 * If tf_keras would need a name in a list that Keras 3 has given to another object, the list gets no links at all:
 * tf_keras then refuses the file, because it does not find an object, and never takes the values of the wrong one.
 */
function linkForTfKeras(root: Group, groups: ReadonlyMap<Keras3Object, Group>): void {
  const links = new Map<string, Map<string, Group>>();
  for (const [{ tfKerasPath }, group] of groups) {
    if (tfKerasPath === undefined) continue;
    const parts = partsOf(tfKerasPath);
    const parent = parts.slice(0, -1).join('/');
    links.set(parent, (links.get(parent) ?? new Map<string, Group>()).set(parts.at(-1)!, group));
  }
  // Shorter paths come first, because longer ones go through these links.
  for (const [parent, named] of [...links].sort(([a], [b]) => partsOf(a).length - partsOf(b).length)) {
    const list = root.at(parent)!;
    const isTaken = ([name, group]: [string, Group]): boolean => (list.children.get(name) ?? group) !== group;
    if ([...named].some(isTaken)) continue;
    for (const [name, group] of named) list.children.set(name, group);
  }
}

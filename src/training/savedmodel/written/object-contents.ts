/** An object with functions and variables that is not a model: what `tf.saved_model.save` writes for a tf.Module. */
import { invalidArgument, type TensorBundleError } from '../../../errors.js';
import { numberObjects } from '../../../graph/numbering.js';
import type { Trackable } from '../../../graph/trackable.js';
import { isAnyVariable, isLayer } from '../../../layers/family.js';
import { isOptimizer } from '../../../layers/optimizers/optimizer.js';
import { layerKind } from '../../../layers/registry.js';
import { trainedWeights, weightNames } from '../../../layers/trained.js';
import type { Layer } from '../../../layers/types.js';
import { classOf } from '../../../realms.js';
import { Description } from '../../checkpoint/description.js';
import { definitionOf, type TracedFunction } from '../defined/func.js';
import { checkedSignatures, defaultSignatures, type Signatures } from './chosen-signatures.js';
import { type Contents, numberedVariables } from './contents.js';
import { tracesIn } from './function-traces.js';
import { SIGNATURES, savedObjects } from './object-graph.js';
import { variableLists } from './variable-lists.js';

/** Attributes that TensorFlow sets on what it loads. */
const TAKEN: readonly string[] = [SIGNATURES, 'tensorflow_version', 'tensorflow_git_version', 'graph_debug_info'];

/** Synchronous. Throws what `saveModel` documents for an object. */
export function objectContents(object: object, given: Signatures | undefined): Contents {
  const single = singleThing(object);
  if (single !== undefined) throw notAnObject(single);
  const traces = tracesIn(object, 'object');
  const chosenOnes = given && traces.signatures(checkedSignatures(given));
  const description = new Description([object], { scalingForm: 'tf_keras', used: traces.used });
  const root = description.trackable(object, 'object');
  description.complete();
  if (root.children.length + root.attributes.length === 0) throw invalidArgument('there is nothing in the object');
  for (const { name } of root.children) if (TAKEN.includes(name)) throw takenName(name);
  const numbering = numberObjects(root);
  const variables = numberedVariables(numbering);
  traces.requireKnown(variables, 'the object; add it, under any name');
  const objectOf = (node: Trackable): unknown => description.objectOf(node);
  const live = numbering.objects.map(one => objectOf(one.object));
  const layers = live.filter(isLayer);
  const weights = new Set(weightNames(layers.flatMap(layer => layer.weights)));
  const trained = new Set(weightNames(layers.flatMap(trainedIn)));
  const objects = savedObjects({
    numbering,
    // Without Keras's metadata they are objects like others.
    objectOf: node => (isLayer(objectOf(node)) ? undefined : objectOf(node)),
    isTrainable: ({ name, trainable }) => (weights.has(name) ? trained.has(name) : trainable),
  });
  const functions = traces.functionsIn(numbering, objectOf);
  const all = live.filter((one): one is TracedFunction => definitionOf(one) !== undefined);
  const top = new Map<string, TracedFunction>();
  for (const { name, node } of root.children) {
    const one = objectOf(node);
    if (definitionOf(one)) top.set(name, one as TracedFunction);
  }
  const signatures = chosenOnes ?? traces.signatures(defaultSignatures(all, top));
  const lists = variableLists(numbering, live, variables);
  for (const { name } of root.children) lists.delete(name);
  return { root, objects, functions: { functions, added: new Map(), signatures, variables, lists } };
}

function trainedIn(layer: Layer): ReturnType<typeof trainedWeights> {
  return trainedWeights(layer, one => layerKind(one).inner?.(one) ?? []);
}

/** What it is called, if it is not an object that holds others by name. */
function singleThing(object: unknown): string | undefined {
  if (definitionOf(object)) return 'a function';
  if (typeof object !== 'object' || object === null) return classOf(object);
  if (isAnyVariable(object)) return 'a variable';
  if (isLayer(object)) return 'a layer';
  if (isOptimizer(object)) return 'an optimizer';
  return Array.isArray(object) ? 'an array' : undefined;
}

function notAnObject(found: string): TensorBundleError {
  return invalidArgument(
    'saveModel takes a model, or an object that holds functions, variables and models by name, ' +
      `not ${found} itself; put it into an object: { name: it }`,
    { found },
  );
}

function takenName(name: string): TensorBundleError {
  return invalidArgument(`'${name}' is an attribute that TensorFlow gives to every SavedModel; choose another name`, {
    found: name,
  });
}

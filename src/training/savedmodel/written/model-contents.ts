/**
 * A model, as in the SavedModel that Keras writes with `model.save(path, save_traces=False)`, and functions over it.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import { type Numbering, numberObjects } from '../../../graph/numbering.js';
import { branch, type Extra, type Trackable } from '../../../graph/trackable.js';
import { isLayer } from '../../../layers/family.js';
import { layerKind } from '../../../layers/registry.js';
import { trainedWeights, weightNames } from '../../../layers/trained.js';
import type { LayersModel } from '../../../layers/types.js';
import { Description } from '../../checkpoint/description.js';
import type { Trackables } from '../../checkpoint/trackable-value.js';
import { kerasConfig } from '../../keras/config/written/keras-config.js';
import { trainingConfig } from '../../keras/config/written/keras-training.js';
import { architectureOf } from '../../models/whole-model.js';
import { EXTRA } from '../stored/file-names.js';
import { checkedSignatures, type Signatures } from './chosen-signatures.js';
import { type Contents, type Functions, numberedVariables } from './contents.js';
import type { SignatureSource } from './function-source.js';
import { FunctionTraces, requireKnown, tracesIn } from './function-traces.js';
import { kerasMetadata } from './keras-metadata.js';
import { type ModelFunctions, modelFunctions } from './model-functions.js';
import { SIGNATURES, savedObjects } from './object-graph.js';

interface ModelChoice {
  /** Default: whether the model is compiled. */
  readonly includeOptimizer?: boolean | undefined;
  readonly extra?: Trackables | undefined;
  /** What is stored beside the objects. */
  readonly extras?: readonly Extra[];
  readonly signatures?: Signatures | undefined;
  /** Whether the model gets functions. Left out: if it can. */
  readonly saveTraces?: boolean | undefined;
}

/** Synchronous. Throws what `saveModel` documents for a model. */
export function modelContents(model: LayersModel, choice: ModelChoice): Contents {
  const traces = choice.extra === undefined ? new FunctionTraces() : tracesIn(choice.extra, EXTRA);
  const signatures = choice.signatures && traces.signatures(checkedSignatures(choice.signatures));
  const config = kerasConfig(model);
  const { entries } = config;
  const { includeOptimizer = true, saveTraces } = choice;
  // A user-defined layer may make variables when it is called for the first time.
  const isEarly = config.lacking.length > 0;
  const early = isEarly ? modelFunctions(model, config, saveTraces) : undefined;
  const { root, objectOf } = describe(model, choice, traces.used);
  const numbering = numberObjects(root);
  const weights = new Set(weightNames(model.weights));
  const trained = new Set(weightNames(trainedWeights(model, layer => layerKind(layer).inner?.(layer) ?? [])));
  const objects = savedObjects({
    numbering,
    objectOf,
    isTrainable: ({ name, trainable }) => (weights.has(name) ? trained.has(name) : trainable),
  });
  const metadata = kerasMetadata({
    numbering,
    entries,
    layerOf: number => {
      const live = objectOf(numbering.objects[number]!.object);
      return isLayer(live) ? live : undefined;
    },
    training: includeOptimizer ? trainingConfig(model) : undefined,
  });
  const own = isEarly ? early : modelFunctions(model, config, saveTraces);
  const functions = functionsOf({ numbering, objectOf, traces, signatures, own });
  return { root, objects, metadata, ...(functions && { functions }) };
}

const OUTSIDE = 'the model; give it as `extra`';

interface Placed {
  readonly numbering: Numbering;
  readonly objectOf: Described['objectOf'];
  readonly traces: FunctionTraces;
  /** Those that were asked for. */
  readonly signatures: readonly SignatureSource[] | undefined;
  /** The model's. */
  readonly own: ModelFunctions | undefined;
}

/** Undefined if there are none. */
function functionsOf({ numbering, objectOf, traces, signatures, own }: Placed): Functions | undefined {
  const variables = numberedVariables(numbering);
  traces.requireKnown(variables, OUTSIDE);
  if (own) requireKnown(own.call.traces, variables, OUTSIDE);
  const functions = traces.functionsIn(numbering, objectOf);
  if (functions.size === 0 && signatures === undefined && own === undefined) return undefined;
  const numbers = new Map(variables.map(({ variable, number }) => [variable, number]));
  const lists = [...(own?.lists ?? [])].map(([name, all]) => [name, all.map(one => numbers.get(one)!)] as const);
  return {
    functions,
    added: new Map(own && [['__call__', own.call]]),
    signatures: signatures ?? own?.signatures ?? [],
    variables,
    lists: new Map(lists),
  };
}

interface Described {
  readonly root: Trackable;
  objectOf(trackable: Trackable): unknown;
}

function describe(
  model: LayersModel,
  { includeOptimizer = true, extra, extras = [] }: ModelChoice,
  used: ReadonlySet<Variable>,
): Described {
  // Only tf_keras loads a model of this form.
  const description = new Description([model, extra], { optimizers: includeOptimizer, scalingForm: 'tf_keras', used });
  const described = description.trackable(model, 'model');
  const added = extra === undefined ? [] : [{ name: EXTRA, node: description.trackable(extra, EXTRA) }];
  description.complete();
  const { children, attributes } = described;
  const beside = [architectureOf(model, includeOptimizer), ...extras];
  // TensorFlow looks for it in every SavedModel.
  const signatures = { name: SIGNATURES, node: branch([]) };
  const root = { children: [...children, signatures, ...added], attributes, extras: beside };
  return { root, objectOf: node => (node === root ? model : description.objectOf(node)) };
}

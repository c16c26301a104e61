/** The signatures of a SavedModel: functions with named tensors, for serving. */
import type { SavedObject, TensorInfo } from '../stored/messages.js';
import type { StoredModel } from '../stored/stored-model.js';
import { dtypeName, shapeOf, type TensorSummary } from '../stored/tensor-summary.js';

export interface SignatureTensor extends TensorSummary {
  /** In the graph: `serving_default_x:0`. Empty for a sparse or composite tensor. */
  readonly tensor: string;
}

export interface Signature {
  readonly name: string;
  /** As in `tensorflow/serving/predict`. */
  readonly method: string;
  /** In the order of the function's arguments if that is stored, else in that of their names. */
  readonly inputs: readonly SignatureTensor[];
  /** In the order of their names, where numbers count as numbers. */
  readonly outputs: readonly SignatureTensor[];
}

/** TensorFlow's own, which are not for callers. */
const INTERNAL = new Set(['__saved_model_init_op', '__saved_model_train_op']);
/** The edge of the root that leads to the functions of the signatures. */
const SIGNATURES = 'signatures';

/** In the order of their names. */
export function signaturesOf({ metaGraph, nodes }: StoredModel): readonly Signature[] {
  const functions = children(nodes, 0).get(SIGNATURES);
  const edges = functions === undefined ? new Map<string, number>() : children(nodes, functions);
  return Object.entries(metaGraph.signatureDef)
    .filter(([name]) => !INTERNAL.has(name))
    .sort(([a], [b]) => byName(a, b))
    .map(([name, { methodName, inputs, outputs }]) => ({
      name,
      method: methodName,
      inputs: inArgumentOrder(tensors(inputs), argumentsOf(nodes, edges.get(name))),
      outputs: tensors(outputs),
    }));
}

function children(nodes: readonly SavedObject[], number: number): Map<string, number> {
  return new Map(nodes[number]?.children.map(({ localName, nodeId }) => [localName, nodeId]));
}

function argumentsOf(nodes: readonly SavedObject[], number: number | undefined): readonly string[] {
  const kind = number === undefined ? undefined : nodes[number]?.kind;
  return kind?.case === 'bareConcreteFunction' ? kind.value.argumentKeywords : [];
}

function tensors(infos: Readonly<Record<string, TensorInfo>>): SignatureTensor[] {
  return Object.entries(infos)
    .sort(([a], [b]) => byName(a, b))
    .map(([name, { name: tensor, dtype, tensorShape }]) => ({
      name,
      dtype: dtypeName(dtype),
      shape: shapeOf(tensorShape),
      tensor,
    }));
}

/** `output_2` before `output_10`. */
const collator = new Intl.Collator('en', { numeric: true });

function byName(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : 1);
}

function inArgumentOrder(inputs: SignatureTensor[], names: readonly string[]): readonly SignatureTensor[] {
  const place = new Map(names.map((name, i) => [name, i]));
  if (place.size !== inputs.length || !inputs.every(({ name }) => place.has(name))) return inputs;
  return inputs.sort((a, b) => place.get(a.name)! - place.get(b.name)!);
}

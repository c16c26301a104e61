/**
 * The variables of an optimizer of TensorFlow.js, as it computes with them. A function of a SavedModel that makes a
 * step needs them where Keras's optimizer has no variable of the same value: products of betas, and velocities, which
 * Keras multiplies by the learning rate.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { StoredSubgraph } from '../../graph/stored-graph.js';
import { branch, type Edge } from '../../graph/trackable.js';
import type { Variable } from '../../tfjs-core.js';
import { isAnyVariable, isVariable } from '../family.js';
import { variableTrackable } from '../variable.js';

/** The child of an optimizer that has these variables, by the names of the fields. Keras has no such child. */
const OWN = 'tfjs';

/** Undefined if the optimizer has none of the variables in a field. `isWanted` is asked for each. */
export function ownVariables(optimizer: Optimizer, isWanted: (variable: Variable) => boolean): Edge | undefined {
  const className = optimizer.getClassName();
  const children: Edge[] = [];
  for (const [name, value] of Object.entries(optimizer)) {
    for (const [edge, variable] of variablesIn(name, value)) {
      if (!isWanted(variable)) continue;
      const names = { fullName: `${className}/${edge}`, label: `${className}/${edge}`, refuse: undefined };
      children.push({ name: edge, node: variableTrackable(variable, names) });
    }
  }
  return children.length === 0 ? undefined : { name: OWN, node: branch(children) };
}

/** The keys of such variables in a checkpoint. */
export function storedOwnVariables({ graph, node }: StoredSubgraph): string[] {
  const own = graph[node]?.children.find(({ name }) => name === OWN);
  const children = own === undefined ? [] : graph[own.node]!.children;
  return children.flatMap(child => graph[child.node]!.attributes.map(({ key }) => key));
}

/** Whether it is a tf.Variable, as optimizers keep them. */
export function isOwnVariable(value: unknown): value is Variable {
  return isAnyVariable(value) && !isVariable(value);
}

function variablesIn(name: string, value: unknown): (readonly [edge: string, variable: Variable])[] {
  if (isOwnVariable(value)) return [[name, value]];
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: { readonly variable?: unknown } | undefined, i) => {
    const variable = one?.variable;
    return isOwnVariable(variable) ? [[`${name}_${i}`, variable] as const] : [];
  });
}

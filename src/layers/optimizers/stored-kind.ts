/**
 * Finds the class of an optimizer in a checkpoint. The checkpoint does not say it, and different classes keep different
 * things under the same names (`_velocities` of Adam and of RMSprop). The names of its variables show the class
 * (`Adam/m/dense/kernel`, `rm_sprop/iteration`, `Adam/iter`), unless the user named the optimizer. Otherwise, the lists
 * and numbers that it has show it.
 */

import { storedVariable } from '../../graph/stored/walks.js';
import type { StoredSubgraph } from '../../graph/stored-graph.js';

/** Lists of slots, and other state, of each class of tf_keras's new optimizers and of Keras 3. */
const SLOT_LISTS: Readonly<Record<string, readonly string[]>> = {
  SGD: ['momentums'],
  Adagrad: ['_accumulators'],
  Adadelta: ['_accumulated_grads', '_accumulated_delta_vars'],
  Adam: ['_momentums', '_velocities', '_velocity_hats'],
  AdamW: ['_momentums', '_velocities', '_velocity_hats'],
  Adamax: ['_m', '_u'],
  Nadam: ['_momentums', '_velocities', '_u_product'],
  RMSprop: ['_velocities', '_momentums', '_average_gradients'],
  Ftrl: ['_accumulators', '_linears'],
  Lion: ['_momentums'],
  Lamb: ['_momentums', '_velocities'],
  Adafactor: ['_r', '_c', '_v'],
  Muon: ['momentums', 'adam_velocities'],
  ScheduleFreeAdamW: ['_momentums', '_velocities'],
};

const OPTIONAL: readonly string[] = ['_velocity_hats'];
const ALL_LISTS: ReadonlySet<string> = new Set(Object.values(SLOT_LISTS).flat());

/**
 * Hyper-parameters of legacy classes, without the learning rate and decay. Adam and Adamax have the same ones, so these
 * do not show the class.
 */
const LEGACY_SLOTS: readonly (readonly [kind: string | undefined, names: string])[] = [
  ['SGD', 'momentum'],
  ['Adagrad', ''],
  ['Adadelta', 'rho'],
  ['RMSprop', 'momentum,rho'],
  ['Nadam', 'beta_1,beta_2,momentum_cache'],
  ['Ftrl', 'beta,l1_regularization_strength,l2_regularization_strength,learning_rate_power'],
  [undefined, 'beta_1,beta_2'],
];
const LEGACY_NAMES: ReadonlySet<string> = new Set(LEGACY_SLOTS.flatMap(([, names]) => names.split(',')));

const KIND_BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.keys(SLOT_LISTS).map(kind => [kind.toLowerCase(), kind]),
);

export function storedKind(stored: StoredSubgraph, isLegacy: boolean): string | undefined {
  return namedKind(stored) ?? (isLegacy ? legacyKind(stored) : listedKind(stored));
}

/** Whether stored values of one class have the same meaning in the other: AdamW is Adam with an option. */
export function isSameKind(one: string | undefined, other: string): boolean {
  const plain = (kind: string): string => (kind === 'AdamW' ? 'Adam' : kind);
  return one === undefined || plain(one) === plain(other);
}

function namedKind(stored: StoredSubgraph): string | undefined {
  const { graph, node } = stored;
  const { children, slots } = graph[node]!;
  const name = (number: number | undefined): string =>
    number === undefined ? '' : (storedVariable(graph, number)?.fullName ?? '');
  const counter = children.find(edge => edge.name === '_iterations' || edge.name === 'iter');
  // With tf_keras's loss scaling, the name becomes `cond_1/Adam/iter`.
  const scopes = name(counter?.node).split('/').slice(0, -1).reverse();
  const lists = children.filter(edge => ALL_LISTS.has(edge.name));
  const first = lists.flatMap(edge => graph[edge.node]!.children.find(item => name(item.node) !== '')?.node ?? []);
  const all = children.flatMap(edge => (edge.name === '_variables' ? graph[edge.node]!.children : []));
  const named = first.length > 0 || slots.length > 0 ? [first[0] ?? slots[0]!.node] : all.map(item => item.node);
  return [...scopes, ...named.map(number => name(number).split('/')[0]!)]
    .map(kindNamed)
    .find(kind => kind !== undefined);
}

/** Keras 3 writes `schedule_free_adam_w`, and numbers optimizers of the same name: `adam_1`. */
export function kindNamed(name: string): string | undefined {
  return KIND_BY_NAME.get(name.replace(/_\d+$/, '').replaceAll('_', '').toLowerCase());
}

function listedKind({ graph, node }: StoredSubgraph): string | undefined {
  const present = graph[node]!.children.map(({ name }) => name).filter(name => ALL_LISTS.has(name));
  if (present.length === 0) return undefined;
  const fits = ([, lists]: readonly [string, readonly string[]]): boolean =>
    present.every(name => lists.includes(name)) &&
    lists.every(name => present.includes(name) || OPTIONAL.includes(name));
  return Object.entries(SLOT_LISTS).find(fits)?.[0] ?? 'unknown';
}

function legacyKind({ graph, node }: StoredSubgraph): string | undefined {
  const names = graph[node]!.children.map(({ name }) => name).filter(name => LEGACY_NAMES.has(name));
  const present = names.sort().join();
  return LEGACY_SLOTS.find(([, all]) => all === present)?.[0];
}

/**
 * The slots in a checkpoint, and the variables that they belong to. Legacy optimizers and Keras 3 store that.
 * tf_keras's new optimizers keep slots in the order of the variables, and a slot's name contains its variable's name,
 * as it is in the same checkpoint, where variables have been matched to live ones.
 */
import { extraKey, pathOfKey } from '../../graph/key.js';
import { compare, type Mismatch } from '../../graph/mismatch.js';
import { storedVariable as storedVariableOf } from '../../graph/stored/walks.js';
import type { StoredSubgraph } from '../../graph/stored-graph.js';
import type { MatchedCheckpoint, Trackable } from '../../graph/trackable.js';
import { liveValue, variableOf } from '../variable.js';
import type { SlotKind } from './optimizer-state.js';
import { EXACT, OWNER } from './slot-attributes.js';
import type { VariableOrder } from './variable-order.js';
import type { Undecided } from './waiting-slots.js';
import type { SlotVariable } from './written-optimizer.js';

/** The live variables that slots may belong to. */
export interface LiveVariables {
  /** Variables that the optimizer is given or has slots for, in Keras's order. */
  readonly known: readonly SlotVariable[];
  /** `known`, and those that are frozen or trained by another optimizer. */
  readonly all: readonly SlotVariable[];
  /** Names of the variables that have slots. */
  readonly existing: readonly string[];
  readonly order: VariableOrder;
  /** Whether there may be more variables later, because a layer is not built yet. */
  readonly isIncomplete: boolean;
}

export interface StoredSlotValue {
  readonly kind: SlotKind;
  readonly key: string;
  /** Place in the list of its kind. */
  readonly place: number;
  /** `Undecided` if only the first step will show it. */
  readonly variable: SlotVariable | Undecided;
  /** Key of the exact value that this package's optimizer had, if the checkpoint has one. */
  readonly exact: string | undefined;
}

/**
 * A stored slot whose variable is not known yet. `name` is Keras's name of the variable, or '' if the slot's name does
 * not contain it.
 */
interface StoredSlotItem {
  readonly key: string;
  readonly place: number;
  readonly name: string;
}

/** The variable of a slot. Null if the live program has no such variable. */
type Owner = SlotVariable | Undecided | null;

export class StoredSlots {
  readonly #stored: StoredSubgraph;
  readonly #checkpoint: MatchedCheckpoint;
  readonly #live: LiveVariables;
  readonly #existing: ReadonlySet<string>;
  /** Nodes of stored variables, by their names. */
  readonly #named = new Map<string, number[]>();
  #matched: ReadonlySet<Trackable | undefined> | undefined;

  constructor(stored: StoredSubgraph, found: MatchedCheckpoint, live: LiveVariables) {
    this.#stored = stored;
    this.#checkpoint = found;
    this.#live = live;
    this.#existing = new Set(live.existing);
    stored.graph.forEach((_, node) => {
      const name = storedVariableOf(stored.graph, node)?.fullName;
      if (name !== undefined) this.#named.set(name, [...(this.#named.get(name) ?? []), node]);
    });
  }

  /** Slots of tf_keras's new optimizers and of Keras 3, which keep lists. */
  byLists(kinds: readonly SlotKind[]): StoredSlotValue[] {
    const trained = this.#list('_trainable_variables');
    return kinds.flatMap(kind => {
      const items = this.#slots(kind, kinds).flatMap((node, place) => this.#item(node, kind, place) ?? []);
      const owners =
        trained.length === 0 ? this.#byName(items) : items.map(item => this.#said(trained[item.place], item));
      return this.#values(kind, items, owners);
    });
  }

  /** Slots of legacy optimizers, each of which refers to its variable. */
  bySlotNames(kinds: readonly SlotKind[]): StoredSlotValue[] {
    const { graph, node } = this.#stored;
    return kinds.flatMap(kind =>
      graph[node]!.slots.flatMap((slot, place) => {
        const item = slot.name === kind.legacy ? this.#item(slot.node, kind, place) : undefined;
        return item ? this.#values(kind, [item], [this.#said(slot.variable, item)]) : [];
      }),
    );
  }

  #values(kind: SlotKind, items: readonly StoredSlotItem[], owners: readonly Owner[]): StoredSlotValue[] {
    return items.flatMap(({ key, place }, i) => {
      const variable = owners[i];
      return variable ? [{ kind, key, place, variable, exact: this.#exact(key) }] : [];
    });
  }

  #exact(key: string): string | undefined {
    const exact = extraKey(pathOfKey(key), EXACT);
    const { has, entry } = this.#checkpoint;
    return has(exact) && compare(exact, entry(key), entry(exact)) === null ? exact : undefined;
  }

  /** Nodes of a list, in its order. */
  #list(name: string): readonly number[] {
    const { graph, node } = this.#stored;
    const edge = graph[node]!.children.find(one => one.name === name);
    const items = edge ? graph[edge.node]!.children : [];
    return [...items].sort((a, b) => Number(a.name) - Number(b.name)).map(item => item.node);
  }

  /**
   * Nodes of the slots of a kind. If a tf_keras optimizer was saved before its first step, its later checkpoints lack
   * its lists and have only `_variables`, where names show the kinds (tf_keras/src/optimizers/optimizer.py).
   */
  #slots(kind: SlotKind, kinds: readonly SlotKind[]): readonly number[] {
    if (kinds.some(({ list }) => this.#list(list).length > 0)) return this.#list(kind.list);
    const names = new Set(kinds.map(({ name }) => name));
    return this.#list('_variables').filter(node => {
      const [first = '', second = ''] = storedVariableOf(this.#stored.graph, node)?.fullName.split('/') ?? [];
      return kind.name === (names.has(first) ? first : second);
    });
  }

  #item(node: number, { name }: SlotKind, place: number): StoredSlotItem | undefined {
    const value = storedVariableOf(this.#stored.graph, node);
    if (value === undefined || !this.#checkpoint.has(value.key)) return undefined;
    const { key, fullName } = value;
    // The name is `Adam/m/dense/kernel`, or `m/dense/kernel` if the optimizer was built before its first step.
    const cut = `/${fullName}`.indexOf(`/${name}/`);
    return { key, place, name: cut < 0 ? '' : fullName.slice(cut + name.length + 1) };
  }

  /**
   * The owner, if the node of the variable is known. A model that is not built has no variables yet, so the slot may
   * belong to a later one.
   */
  #said(node: number | undefined, { key }: StoredSlotItem): Owner {
    const live = node === undefined ? undefined : this.#checkpoint.liveOf(node);
    const variable = live && this.#variableAt(live);
    if (variable) return variable;
    if (this.#live.known.length > 0 && !this.#live.isIncomplete) return null;
    const name = node === undefined ? undefined : storedVariableOf(this.#stored.graph, node)?.fullName;
    return { key, name: name ?? '', candidates: undefined };
  }

  #variableAt(live: Trackable): SlotVariable | undefined {
    const known = this.#live.all.find(({ node }) => node === live);
    const [attribute] = live.attributes;
    const variable = attribute && variableOf(attribute);
    if (known || variable === undefined) return known;
    const { name } = liveValue(variable, attribute!.label);
    const { fullName, shape } = attribute!;
    return { name, fullName, shape, node: live, isWeight: false };
  }

  /**
   * Finds owners by the names of the variables in the checkpoint. If several variables have one name, an extra that
   * this package wrote beside the slot tells them apart; then their order, if they have one; otherwise the first step.
   */
  #byName(items: readonly StoredSlotItem[]): Owner[] {
    const owners = new Map<StoredSlotItem, Owner>();
    for (const [name, group] of groupBy(items, item => item.name)) {
      const nodes = this.#named.get(name) ?? [];
      const open = group.filter(item => {
        const node = nodes.find(one => this.#isMarked(item, one));
        const owner = node === undefined ? null : this.#said(node, item);
        if (owner) owners.set(item, owner);
        return owner === null;
      });
      if (nodes.length > 0) this.#amongNodes(open, nodes, owners);
    }
    this.#byLiveName(
      items.filter(item => !owners.has(item)),
      owners,
    );
    return items.map(item => owners.get(item) ?? null);
  }

  #isMarked({ key }: StoredSlotItem, node: number): boolean {
    const value = storedVariableOf(this.#stored.graph, node);
    return value !== undefined && this.#checkpoint.has(extraKey(pathOfKey(key), OWNER, pathOfKey(value.key)));
  }

  #amongNodes(items: readonly StoredSlotItem[], nodes: readonly number[], owners: Map<StoredSlotItem, Owner>): void {
    const live = [...new Set(nodes.flatMap(node => this.#checkpoint.liveOf(node) ?? []))];
    const variables = this.#live.order.sorted(live.flatMap(node => this.#variableAt(node) ?? []));
    // The live variables may be in other objects than in the checkpoint. A variable that another stored node was
    // matched to is not one of them.
    const others = this.#live.all.filter(one => one.fullName === items[0]?.name && !this.#isMatched(one));
    if (variables.length > 0) this.#inOrder(items, variables, owners);
    else if (others.length > 0) this.#inOrder(items, others, owners);
    else for (const item of items) owners.set(item, this.#said(undefined, item));
  }

  #isMatched({ node }: SlotVariable): boolean {
    this.#matched ??= new Set(this.#stored.graph.map((_, number) => this.#checkpoint.liveOf(number)));
    return this.#matched.has(node);
  }

  /**
   * For a checkpoint that has the optimizer without its variables, or has other names for them: finds owners by the
   * names of live variables. The slots that are left go to the variables that are left, in order, as Keras does with
   * all slots.
   */
  #byLiveName(items: readonly StoredSlotItem[], owners: Map<StoredSlotItem, Owner>): void {
    const { known, all } = this.#live;
    const claimed = new Set<string>();
    for (const [name, group] of groupBy(items, item => item.name)) {
      const live = all.filter(({ fullName }) => fullName === name);
      for (const variable of live) claimed.add(variable.name);
      if (live.length > 0) this.#inOrder(group, live, owners);
    }
    const nameless = items.filter(item => !owners.has(item));
    const others = known.filter(({ name }) => !claimed.has(name));
    const open = this.#existing.size > 0 ? others.filter(({ name }) => this.#existing.has(name)) : others;
    if (known.length === 0) {
      for (const item of nameless) owners.set(item, { ...item, candidates: undefined });
    } else if (nameless.length === open.length) this.#inOrder(nameless, open, owners);
  }

  #inOrder(
    items: readonly StoredSlotItem[],
    variables: readonly SlotVariable[],
    owners: Map<StoredSlotItem, Owner>,
  ): void {
    const narrowed = [
      variables,
      variables.filter(one => this.#live.known.some(({ name }) => name === one.name)),
      variables.filter(({ name }) => this.#existing.has(name)),
    ];
    // Variables that the optimizer has slots for come first, then those that it is known to train, then all.
    const live = [...narrowed].reverse().find(list => list.length >= items.length && list.length > 0) ?? variables;
    const isOrdered = live.length === items.length && this.#live.order.isTold(live);
    const shapeOf = ({ key }: StoredSlotItem): string => this.#checkpoint.entry(key).shape.join();
    items.forEach((item, i) => {
      const shape = shapeOf(item);
      const fitting = live.filter(one => one.shape.join() === shape).length;
      // If there are more slots than variables, it is not known which slot belongs to which variable.
      const isOne = fitting === 0 || fitting >= items.filter(one => shapeOf(one) === shape).length;
      owners.set(item, isOrdered ? live[i]! : isOne ? { ...item, candidates: live } : null);
    });
  }
}

/**
 * Why a slot cannot be restored; null if it can. If its variable is not known yet, the first step compares the shape.
 */
export function slotMismatch({ key, variable }: StoredSlotValue, { entry }: MatchedCheckpoint): Mismatch | null {
  const stored = entry(key);
  const owners = 'candidates' in variable ? (variable.candidates ?? [stored]) : [variable];
  const mismatches = owners.map(({ shape }) => compare(key, { dtype: 'float32', shape }, stored));
  return mismatches.includes(null) ? null : mismatches[0]!;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/**
 * Slots as a checkpoint has them, and whose they are. Legacy optimizers and Keras 3 say it; tf_keras's new optimizers keep slots in
 * the order of the variables and have their names in the slots' names.
 */
import { extraKey, pathOfKey } from '../../graph/key.js';
import { compare, type Mismatch } from '../../graph/mismatch.js';
import type { Found, StoredObject } from '../../graph/restorer.js';
import { variableOf as storedVariableOf } from '../../graph/stored-graph.js';
import type { Trackable } from '../../graph/trackable.js';
import { liveValue, variableOf } from '../variable.js';
import type { Undecided } from './pending.js';
import { EXACT } from './slots.js';
import type { SlotKind } from './state.js';
import type { SlotVariable } from './writing.js';

export interface StoredSlotValue {
  readonly kind: SlotKind;
  readonly key: string;
  /** `Undecided` if the first step must show it. */
  readonly variable: SlotVariable | Undecided;
  /** Key of the value as this package's optimizer had it, if that is another. */
  readonly exact: string | undefined;
}

/** A stored slot before it is known whose it is; `name` is Keras's name of the variable, as far as it has one. */
interface Item {
  readonly key: string;
  readonly name: string;
}

/** Null if the live program has no such variable. */
type Owner = SlotVariable | Undecided | null;

export class StoredSlots {
  readonly #stored: StoredObject;
  readonly #found: Found;
  readonly #variables: readonly SlotVariable[];
  readonly #existing: ReadonlySet<string>;

  /** `variables`: all that the optimizer may have slots for, in Keras's order. `existing`: names of those that have some. */
  constructor(stored: StoredObject, found: Found, variables: readonly SlotVariable[], existing: readonly string[]) {
    this.#stored = stored;
    this.#found = found;
    this.#variables = variables;
    this.#existing = new Set(existing);
  }

  /** Of tf_keras's new optimizers and of Keras 3's, which keep lists. */
  listed(kinds: readonly SlotKind[]): StoredSlotValue[] {
    const trained = this.#list('_trainable_variables');
    return kinds.flatMap(kind => {
      const all = this.#list(kind.list).map(node => this.#item(node, kind));
      const items = all.flatMap(item => item ?? []);
      if (trained.length === 0) return this.#values(kind, items, this.#byName(items));
      const owners = all.flatMap((item, i) => (item ? [this.#said(trained[i], item)] : []));
      return this.#values(kind, items, owners);
    });
  }

  /** Of legacy optimizers, whose slots name their variables. */
  legacy(kinds: readonly SlotKind[]): StoredSlotValue[] {
    const { graph, node } = this.#stored;
    return kinds.flatMap(kind =>
      graph[node]!.slots.flatMap(slot => {
        const item = slot.name === kind.legacy ? this.#item(slot.node, kind) : undefined;
        return item ? this.#values(kind, [item], [this.#said(slot.variable, item)]) : [];
      }),
    );
  }

  #values(kind: SlotKind, items: readonly Item[], owners: readonly Owner[]): StoredSlotValue[] {
    return items.flatMap(({ key }, i) => {
      const variable = owners[i];
      return variable ? [{ kind, key, variable, exact: this.#exact(key) }] : [];
    });
  }

  #exact(key: string): string | undefined {
    const exact = extraKey(pathOfKey(key), EXACT);
    const { has, entry } = this.#found;
    return has(exact) && compare(exact, entry(key), entry(exact)) === null ? exact : undefined;
  }

  /** Nodes of a list in its order. */
  #list(name: string): readonly number[] {
    const { graph, node } = this.#stored;
    const edge = graph[node]!.children.find(one => one.name === name);
    const items = edge ? graph[edge.node]!.children : [];
    return [...items].sort((a, b) => Number(a.name) - Number(b.name)).map(item => item.node);
  }

  #item(node: number, { name }: SlotKind): Item | undefined {
    const value = storedVariableOf(this.#stored.graph, node);
    if (value === undefined || !this.#found.has(value.key)) return undefined;
    const { key, fullName } = value;
    const cut = fullName.indexOf(`/${name}/`);
    return { key, name: cut < 0 ? '' : fullName.slice(cut + name.length + 2) };
  }

  /** The node of a variable is known. What has no variable at all yet (a model that is not built) may have this one. */
  #said(node: number | undefined, { key }: Item): Owner {
    const live = node === undefined ? undefined : this.#found.liveOf(node);
    const variable = live && this.#variableAt(live);
    if (variable) return variable;
    if (this.#variables.length > 0) return null;
    const name = node === undefined ? undefined : storedVariableOf(this.#stored.graph, node)?.fullName;
    return { key, name: name ?? '', candidates: undefined };
  }

  #variableAt(live: Trackable): SlotVariable | undefined {
    const known = this.#variables.find(({ node }) => node === live);
    const [attribute] = live.attributes;
    const variable = attribute && variableOf(attribute);
    if (known || variable === undefined) return known;
    // One that is not trained at present.
    const { name } = liveValue(variable, attribute!.label);
    const { fullName, shape } = attribute!;
    return { name, fullName, shape, node: live, isWeight: false };
  }

  /**
   * By names that fit; what is left, in the order of what is left, as Keras does with all. Equal names (`Variable`) are told apart
   * by the order too, if there is one: of layers, or of the slots that exist.
   */
  #byName(items: readonly Item[]): Owner[] {
    const owners = new Map<Item, Owner>();
    const claimed = new Set<SlotVariable>();
    for (const [name, group] of groupBy(items, item => item.name)) {
      const live = this.#variables.filter(({ fullName }) => fullName === name);
      for (const variable of live) claimed.add(variable);
      if (live.length > 0) this.#inOrder(group, live, owners);
    }
    const nameless = items.filter(item => !owners.has(item));
    const others = this.#variables.filter(variable => !claimed.has(variable));
    const open = this.#existing.size > 0 ? others.filter(({ name }) => this.#existing.has(name)) : others;
    if (this.#variables.length === 0) {
      for (const item of nameless) owners.set(item, { ...item, candidates: undefined });
    } else if (nameless.length === open.length) this.#inOrder(nameless, open, owners);
    return items.map(item => owners.get(item) ?? null);
  }

  #inOrder(items: readonly Item[], variables: readonly SlotVariable[], owners: Map<Item, Owner>): void {
    const isTrained = ({ name }: SlotVariable): boolean => this.#existing.has(name);
    const trained = variables.filter(isTrained);
    const live = variables.length > items.length && trained.length > 0 ? trained : variables;
    const isOrdered = live.length === 1 || live.every(one => one.isWeight || isTrained(one));
    items.forEach((item, i) => {
      owners.set(item, isOrdered && live.length === items.length ? live[i]! : { ...item, candidates: live });
    });
  }
}

/** Why a slot cannot be taken, if it cannot. Of what may be a variable's that is not known, the shape is seen at the first step. */
export function misfit({ key, variable }: StoredSlotValue, { entry }: Found): Mismatch | null {
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

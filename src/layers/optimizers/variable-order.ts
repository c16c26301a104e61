/**
 * The order in which Keras would have an optimizer's variables. Its lists have this order, and Python finds slots by
 * it.
 */
import type { Belongings, NameList } from './ownership.js';
import type { SlotVariable } from './written-optimizer.js';

/**
 * If a model was compiled with the optimizer: the order of the list that the model gives to it, or gave to it first,
 * before layers were frozen. Otherwise: network by network, in the order in which the optimizer first met them, each in
 * Keras's order. Variables that are not in a layer come last, in the order in which the optimizer first met them; they
 * have no other order.
 */
export class VariableOrder {
  readonly #met: ReadonlyMap<string, number>;
  readonly #given: ReadonlyMap<string, number>;
  /** By name: the network and the place in it. */
  readonly #places = new Map<string, readonly [network: number, place: number]>();
  readonly #wasGivenAll: boolean;
  /** Whether there is only one list, so that variables that cannot be told apart otherwise have an order. */
  readonly #isOneNetwork: boolean;

  /** `met`: names of the variables that have slots, in the order in which the optimizer first met them. */
  constructor({ given, networks }: Belongings, met: NameList) {
    this.#met = ranks(met);
    const list = given.flat();
    this.#given = ranks(list);
    this.#wasGivenAll = list.length > 0 && list.every(name => this.#met.has(name));
    this.#isOneNetwork = given.length === 1 || (given.length === 0 && networks.length < 2);
    networks.forEach((names, network) => {
      names.forEach((name, place) => {
        if (!this.#places.has(name)) this.#places.set(name, [network, place]);
      });
    });
    this.#networks = [...new Set([...met.map(name => this.#places.get(name)?.[0]), ...networks.keys()])];
  }

  readonly #networks: readonly (number | undefined)[];

  sorted(variables: readonly SlotVariable[]): SlotVariable[] {
    const ranked = variables.map(variable => ({ variable, rank: this.#rank(variable) }));
    const sorted = ranked.sort(({ rank: a }, { rank: b }) => {
      const at = a.findIndex((value, i) => value !== b[i]);
      return at < 0 ? 0 : a[at]! - b[at]!;
    });
    return sorted.map(({ variable }) => variable);
  }

  /**
   * Whether the order of these variables identifies them: they are in one list, or the optimizer has slots for all of
   * them.
   */
  isTold(variables: readonly SlotVariable[]): boolean {
    if (variables.length < 2 || variables.every(({ name }) => this.#met.has(name))) return true;
    if (!this.#isOneNetwork) return false;
    const list = this.#given.size > 0 ? this.#given : this.#places;
    return variables.every(({ name }) => list.has(name));
  }

  #rank({ name }: SlotVariable): readonly number[] {
    const met = this.#met.get(name) ?? this.#met.size;
    if (this.#wasGivenAll) return [met];
    const given = this.#given.get(name);
    if (given !== undefined) return [0, given];
    const place = this.#places.get(name);
    return place === undefined ? [2, met] : [1, this.#networks.indexOf(place[0]), place[1]];
  }
}

function ranks(names: NameList): Map<string, number> {
  return new Map([...new Set(names)].map((name, i) => [name, i]));
}

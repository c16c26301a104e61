/**
 * In which order Keras would have an optimizer's variables: the order of its lists, by which Python finds slots again.
 */
import type { Belongings, NameList } from './ownership.js';
import type { SlotVariable } from './written-optimizer.js';

/**
 * That of the list which a compiled model gives to its optimizer, or gave it first, before something was frozen. Else
 * network by network, as the optimizer got to know them, each in Keras's order; variables of no layer come last, as the
 * optimizer got to know them, which is all the order that they have.
 */
export class VariableOrder {
  readonly #met: ReadonlyMap<string, number>;
  readonly #given: ReadonlyMap<string, number>;
  /** By name: the network, then the place in it. */
  readonly #places = new Map<string, readonly [network: number, place: number]>();
  readonly #wasGivenAll: boolean;
  /** Whether variables that are not told apart otherwise have an order at all: that of one list. */
  readonly #isOneNetwork: boolean;

  /** `met`: names of the variables that have slots, in the order in which the optimizer got to know them. */
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
    return [...variables].sort((a, b) => {
      const [first, second] = [this.#rank(a), this.#rank(b)];
      const at = first.findIndex((value, i) => value !== second[i]);
      return at < 0 ? 0 : first[at]! - second[at]!;
    });
  }

  /** Whether the order of these tells which is which: they are in one list, or the optimizer has slots for all. */
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

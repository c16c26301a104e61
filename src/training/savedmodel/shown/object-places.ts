/** Where each object of a SavedModel stands: the shortest path of edges that leads to it, as in a checkpoint's keys. */
import { escapePart, slotPath } from '../../../graph/key.js';
import type { SavedObject } from '../stored/messages.js';

/** A path above this is cut at its begin: a hostile chain of objects would make paths of gigabytes. */
const MAX_PATH = 500;

interface ObjectPlace {
  readonly parent: number;
  /** All names by which the parent knows it. Empty for a slot variable. */
  readonly names: readonly string[];
  /** Set if its parent is an optimizer that keeps it for this variable. */
  readonly slot?: { readonly name: string; readonly variable: number };
}

export class ObjectPlaces {
  /** By number of the object. Undefined for the root, and where no edge leads. */
  readonly places: readonly (ObjectPlace | undefined)[];
  /** From the root outwards. */
  readonly order: readonly number[];

  constructor(nodes: readonly SavedObject[]) {
    const places: ({ parent: number; names: string[]; slot?: ObjectPlace['slot'] } | undefined)[] = new Array(
      nodes.length,
    );
    const order = nodes.length === 0 ? [] : [0];
    for (let i = 0; i < order.length; i++) {
      const parent = order[i]!;
      for (const { nodeId, localName } of nodes[parent]!.children) {
        const place = places[nodeId];
        if (place?.parent === parent) place.names.push(localName);
        if (place !== undefined || nodeId === 0) continue;
        places[nodeId] = { parent, names: [localName] };
        order.push(nodeId);
      }
    }
    // Most slot variables are known to nobody else.
    for (const parent of [...order]) {
      for (const { slotName: name, originalVariableNodeId: variable, slotVariableNodeId } of nodes[parent]!
        .slotVariables) {
        if (slotVariableNodeId === 0 || places[slotVariableNodeId] !== undefined) continue;
        places[slotVariableNodeId] = { parent, names: [], slot: { name, variable } };
        order.push(slotVariableNodeId);
      }
    }
    this.places = places;
    this.order = order;
  }

  /** Empty for the root, null where no edge leads. At most about 1,500 characters; one that was cut begins with `…`. */
  pathOf(number: number): string | null {
    const slot = this.places[number]?.slot;
    if (slot === undefined) return this.#path(number);
    const [variable, optimizer] = [this.#path(slot.variable), this.#path(this.places[number]!.parent)];
    return variable === null || optimizer === null ? null : cut(slotPath(variable, optimizer, slot.name));
  }

  #path(number: number): string | null {
    const parts: string[] = [];
    let length = 0;
    let at = number;
    for (let place = this.places[at]; place !== undefined; place = this.places[at]) {
      if (place.slot !== undefined) return null;
      const part = escapePart(place.names[0]!);
      parts.push(part);
      length += part.length + 1;
      if (length > MAX_PATH) return cut(parts.reverse().join('/'));
      at = place.parent;
    }
    return at === 0 ? parts.reverse().join('/') : null;
  }
}

function cut(path: string): string {
  return path.length <= 3 * MAX_PATH && !path.startsWith('…') ? path : `…${path.slice(-MAX_PATH)}`;
}

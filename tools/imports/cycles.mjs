/** Cycles in a graph of arrows. */

/**
 * The groups of nodes that all reach one another (Tarjan's strongly connected components), with two nodes or more. A
 * node with an arrow to itself is such a group too. Sorted.
 *
 * @param {ReadonlyMap<string, Iterable<string>>} arrows
 * @returns {string[][]}
 */
export function knots(arrows) {
  /** @type {Map<string, number>} */
  const order = new Map();
  /** @type {string[]} */
  const open = [];
  /** @type {string[][]} */
  const found = [];
  /** @param {string} node */
  const visit = node => {
    const place = order.size;
    order.set(node, place);
    let low = place;
    open.push(node);
    for (const next of arrows.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low !== place) return low;
    const group = open.splice(open.indexOf(node));
    if (group.length > 1 || [...(arrows.get(node) ?? [])].includes(node)) found.push(group.sort());
    return low;
  };
  for (const node of arrows.keys()) if (!order.has(node)) visit(node);
  return found.sort((a, b) => (a.join() < b.join() ? -1 : 1));
}

/**
 * A shortest cycle inside a group: [a, b, a].
 *
 * @param {ReadonlyMap<string, Iterable<string>>} arrows
 * @param {readonly string[]} group from `knots`
 * @returns {string[]}
 */
function wayAround(arrows, group) {
  /** @type {string[]} */
  let best = [];
  for (const start of group) {
    /** @type {string[][]} */
    const ways = [[start]];
    const seen = new Set();
    for (let way = ways.shift(); way; way = ways.shift()) {
      if (best.length > 0 && way.length >= best.length) break;
      for (const next of arrows.get(way[way.length - 1] ?? '') ?? []) {
        if (next === start) best = best.length === 0 || way.length + 1 < best.length ? [...way, start] : best;
        else if (group.includes(next) && !seen.has(next)) ways.push([...way, next]);
        seen.add(next);
      }
    }
  }
  return best;
}

/**
 * A shortest cycle for each group of nodes that cannot be put in an order: 'a.ts > b.ts > a.ts'.
 *
 * @param {ReadonlyMap<string, Iterable<string>>} arrows
 * @returns {string[]}
 */
export function cycles(arrows) {
  return knots(arrows).map(group => {
    const way = wayAround(arrows, group).join(' > ');
    return group.length > 3 ? `${way} (${group.length} are knotted: ${group.join(', ')})` : way;
  });
}

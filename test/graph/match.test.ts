import { describe, expect, it } from 'vitest';
import { matchGraph } from '../../src/graph/match.js';
import { buildObjectGraph } from '../../src/graph/object-graph.js';
import { decodeObjectGraph, keysBelow, type StoredGraph } from '../../src/graph/stored-graph.js';
import { branch, type Trackable } from '../../src/graph/trackable.js';
import { type Cell, cell, holder } from './tree.js';

const KEY = '/.ATTRIBUTES/VARIABLE_VALUE';

function stored(root: Trackable): StoredGraph {
  return decodeObjectGraph(buildObjectGraph(root).serialized, 'p');
}

/** A model as Keras names it: a string is a layer with that variable, null one without. */
function model(layers: readonly (string | null)[]): { root: Trackable; cells: Cell[] } {
  const cells: Cell[] = [];
  let withWeights = 0;
  const edges = layers.flatMap((name, i) => {
    if (name === null) return [{ name: `layer-${i}`, node: branch([]) }];
    const variable = cell(name, new Float32Array([cells.length]), [1]);
    cells.push(variable);
    const node = holder({ kernel: variable.node });
    return [
      { name: `layer_with_weights-${withWeights++}`, node },
      { name: `layer-${i}`, node },
    ];
  });
  return { root: branch(edges), cells };
}

function keysOf(live: { root: Trackable; cells: Cell[] }, graph: StoredGraph): (string | undefined)[] {
  const { keys } = matchGraph(live.root, graph);
  return live.cells.map(({ node }) => keys.get(node.attributes[0]!));
}

describe('matchGraph', () => {
  it('follows edges, whatever the variables are called', () => {
    const graph = stored(model(['a', null, 'b']).root);
    expect(keysOf(model(['other', null, 'names']), graph)).toEqual([
      `layer_with_weights-0/kernel${KEY}`,
      `layer_with_weights-1/kernel${KEY}`,
    ]);
  });

  it.each([
    ['inserted', ['a', 'b', 'c'], ['a', null, 'b', null, 'c']],
    ['removed', ['a', null, 'b', null, 'c'], ['a', 'b', 'c']],
  ])('is not confused by layers without weights that were %s', (_what, before, after) => {
    expect(keysOf(model(after), stored(model(before).root))).toEqual([
      `layer_with_weights-0/kernel${KEY}`,
      `layer_with_weights-1/kernel${KEY}`,
      `layer_with_weights-2/kernel${KEY}`,
    ]);
  });

  it('finds a root below `model`, and knows which keys belong to it', () => {
    const graph = stored(holder({ model: model(['a']).root, step: cell('step', new Float32Array([1]), []).node }));
    const live = model(['x']);
    expect(keysOf(live, graph)).toEqual([`model/layer_with_weights-0/kernel${KEY}`]);
    expect(keysBelow(graph, matchGraph(live.root, graph).root)).toEqual([`model/layer_with_weights-0/kernel${KEY}`]);
  });

  it('does not go below `model` when the root itself fits', () => {
    const live = holder({ model: holder(), weight: cell('w', new Float32Array([1]), []).node });
    expect(matchGraph(live, stored(live)).root).toBe(0);
  });

  it('ends on cycles', () => {
    const variable = cell('v', new Float32Array([1]), []);
    const root = holder({ v: variable.node });
    root.children.push({ name: 'self', node: root });
    expect(matchGraph(root, stored(root)).keys.size).toBe(1);
  });

  it('leaves out what the checkpoint lacks', () => {
    expect(keysOf(model(['a', 'b']), stored(model(['a']).root))[1]).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { matchByEdges } from '../../src/graph/restore/by-edges.js';
import { matchGraph } from '../../src/graph/restore/stored-root.js';
import { decodeObjectGraph } from '../../src/graph/stored/decode.js';
import { buildObjectGraph } from '../../src/graph/stored/encode.js';
import { keysBelow } from '../../src/graph/stored/walks.js';
import type { StoredGraph } from '../../src/graph/stored-graph.js';
import { branch, type Edge, type Trackable } from '../../src/graph/trackable.js';
import { containerAliases, type NamedNode, variableAliases } from '../../src/layers/keras3.js';
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

/** What Keras 3 writes for a model: list edges, and its own names. */
function keras3Sequential(...layers: Cell[]): Trackable {
  const operations = holder({ 0: holder() });
  layers.forEach(({ node }, i) => {
    operations.children.push({ name: String(i + 1), node: holder({ _kernel: node }) });
  });
  return holder({ _functional: holder({ _tracked: holder(), _operations: operations }) });
}

/** A tfjs Sequential with aliases; a string is the user's name of a layer, null an automatic one. */
function sequential(...names: (string | null)[]): { root: Trackable; cells: Cell[] } {
  const aliases: Edge[] = [];
  const plain = model(names.map(name => name ?? 'automatic'));
  const root: Trackable = { ...plain.root, aliases };
  const layers = plain.cells.map(({ node }, i): NamedNode => {
    const children = [{ name: 'kernel', node }];
    const layer: Trackable = { ...branch(children), aliases: variableAliases(children) };
    for (const [at, edge] of root.children.entries()) {
      if (edge.name === `layer-${i}` || edge.name === `layer_with_weights-${i}`) {
        (root.children as Edge[])[at] = { name: edge.name, node: layer };
      }
    }
    const name = names[i]!;
    return { ...(name !== null && { name }), node: layer, hasWeights: true };
  });
  aliases.push(...containerAliases(layers, true, root));
  return { root, cells: plain.cells };
}

function one(name: string, shape: number[] = [1]): Cell {
  return cell(name, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
}

describe('aliases', () => {
  it('find the layers of a Sequential of Keras 3, whose first operation is an InputLayer', () => {
    const graph = stored(holder({ model: keras3Sequential(one('a'), one('b')) }));
    expect(keysOf(sequential(null, null), graph)).toEqual([
      `model/_functional/_operations/1/_kernel${KEY}`,
      `model/_functional/_operations/2/_kernel${KEY}`,
    ]);
  });

  it('find the layers of Keras 3 although one without weights was left out, unless more of it hold values', () => {
    const dropout = { ...one('none'), node: holder() };
    const graph = stored(holder({ model: keras3Sequential(one('a'), dropout, one('b')) }));
    expect(keysOf(sequential(null, null), graph)).toEqual([
      `model/_functional/_operations/1/_kernel${KEY}`,
      `model/_functional/_operations/3/_kernel${KEY}`,
    ]);
    expect(keysOf(sequential(null), graph)).toEqual([`model/_functional/_operations/1/_kernel${KEY}`]);
  });

  it('find layers by the attributes of a class, in lists as well', () => {
    const graph = stored(
      holder({
        d1: holder({ kernel: one('x').node }),
        blocks: holder({ 0: holder({ kernel: one('y').node }), 1: holder({ _kernel: one('z').node }) }),
      }),
    );
    expect(keysOf(sequential('blocks/1', 'd1', 'blocks/0', null), graph)).toEqual([
      `blocks/1/_kernel${KEY}`,
      `d1/kernel${KEY}`,
      `blocks/0/kernel${KEY}`,
      undefined,
    ]);
  });

  it('never change what edges find', () => {
    // The stored model has, under the name of the second live layer, its first one.
    const first = holder({ kernel: one('a').node });
    const second = holder({ kernel: one('b').node });
    const graph = stored(holder({ swapped: first, 'layer_with_weights-0': first, 'layer_with_weights-1': second }));
    expect(keysOf(sequential(null, 'swapped'), graph)).toEqual([
      `swapped/kernel${KEY}`,
      `layer_with_weights-1/kernel${KEY}`,
    ]);
  });

  it('are not written', () => {
    expect(stored(sequential('a', 'b').root)[0]!.children.map(({ name }) => name)).toEqual([
      'layer_with_weights-0',
      'layer-0',
      'layer_with_weights-1',
      'layer-1',
    ]);
  });

  it('end on a graph that goes round in circles', () => {
    const root = keras3Sequential(one('a'));
    (root.children as Edge[]).push({ name: '_functional', node: root });
    expect(matchByEdges(sequential(null).root, stored(root), 0).keys.size).toBe(1);
  });
});

describe('the root of a model', () => {
  const two = (): Trackable => model(['a', 'b']).root;

  it('may have any name', () => {
    const graph = stored(holder({ step: one('step').node, net: two() }));
    const match = matchGraph(two(), graph);
    expect(graph[match.root]!.children[0]!.name).toBe('layer_with_weights-0');
    expect(match.keys.size).toBe(2);
  });

  it('is the child with most of the values, or `model` of equals', () => {
    const named = (roots: Record<string, Trackable>): string | undefined => {
      const graph = stored(holder(roots));
      const { root } = matchGraph(two(), graph);
      return graph[0]!.children.find(({ node }) => node === root)?.name;
    };
    expect(named({ head: model(['a']).root, net: two() })).toBe('net');
    expect(named({ earlier: two(), model: two() })).toBe('model');
    expect(named({ larger: model(['a', 'b', 'c']).root, net: two() })).toBe('net');
  });

  it('is found by shapes where the structure is the same', () => {
    const graph = stored(holder({ generator: two(), discriminator: two() }));
    const match = matchGraph(two(), graph, (_attribute, key) => key.startsWith('discriminator/'));
    expect([...match.keys.values()].every(key => key.startsWith('discriminator/'))).toBe(true);
    expect(match.ambiguous).toEqual([]);
  });

  it('is the root or `model`, whatever fits elsewhere', () => {
    const fits = (_attribute: unknown, key: string): boolean => key.startsWith('teacher/');
    const graph = stored(holder({ teacher: two(), model: two() }));
    const match = matchGraph(two(), graph, fits);
    expect(graph[0]!.children.find(({ node }) => node === match.root)?.name).toBe('model');
    const rooted = two() as Trackable & { children: Edge[] };
    rooted.children.push({ name: 'teacher', node: two() });
    expect(matchGraph(two(), stored(rooted), fits).root).toBe(0);
  });

  it('is not guessed', () => {
    const match = matchGraph(two(), stored(holder({ policy: two(), target: two() })));
    expect(match).toMatchObject({ root: 0, keys: new Map(), ambiguous: ['policy', 'target'] });
  });

  it('is one of at most 32 children', () => {
    const children = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`m${i}`, model(['a']).root]));
    expect(matchGraph(two(), stored(holder(children))).ambiguous).toHaveLength(32);
  });
});

describe('lists of variables', () => {
  const lists = (trainable: Cell[], frozen: Cell[] = []): StoredGraph => {
    const list = (cells: Cell[]): Trackable =>
      holder(Object.fromEntries(cells.map(({ node }, i) => [String(i), node])));
    return stored(
      holder({
        variables: list([...trainable, ...frozen]),
        trainable_variables: list(trainable),
        non_trainable_variables: list(frozen),
      }),
    );
  };
  const seed = (): Cell => one('seed_generator/seed_generator_state');

  it('are taken in their order if they fit completely; the state of a Dropout does not count', () => {
    const graph = lists([one('s/dense/kernel'), one('s/dense_1/kernel')], [seed()]);
    expect(keysOf(sequential(null, null), graph)).toEqual([`variables/0${KEY}`, `variables/1${KEY}`]);
  });

  it.each<[string, Cell[], Cell[]]>([
    ['one is left over', [one('s/dense/kernel'), one('s/dense_1/kernel'), one('s/dense_2/kernel')], []],
    ['one is missing', [one('s/dense/kernel')], []],
    ['one is called otherwise', [one('s/dense/kernel'), one('s/dense_1/bias')], []],
    ['one of a name is frozen', [one('s/dense/kernel')], [one('s/dense_1/kernel')]],
  ])('are not taken if %s', (_what, trainable, frozen) => {
    expect(keysOf(sequential(null, null), lists(trainable, frozen))).toEqual([undefined, undefined]);
  });
});

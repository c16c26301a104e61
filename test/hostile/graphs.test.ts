/**
 * Object graphs made to multiply: many edges to one node that claims many attributes. Squared they would fill the
 * memory.
 */
import { expect, it } from 'vitest';
import { matchByEdges } from '../../src/graph/restore/by-edges.js';
import { matchByPosition } from '../../src/graph/restore/by-position.js';
import { accompaniedValues } from '../../src/graph/restore/companions.js';
import type { StoredAttribute, StoredEdge, StoredGraph } from '../../src/graph/stored-graph.js';
import { branch } from '../../src/graph/trackable.js';
import { LORA } from '../../src/layers/lora.js';

const MANY = 20_000;

const attributes: StoredAttribute[] = Array.from({ length: MANY }, (_, i) => ({
  name: i === 0 ? 'VARIABLE_VALUE' : `a${i}`,
  fullName: 'x',
  key: `k${i}`,
}));

function edges(name: (i: number) => string, node: number): StoredEdge[] {
  return Array.from({ length: MANY }, (_, i) => ({ name: name(i), node }));
}

it('values with a companion are found once', () => {
  const layer = [...edges(() => 'kernel', 1), { name: 'lora_kernel_a', node: 1 }];
  const graph: StoredGraph = [
    { children: layer, attributes: [], slots: [] },
    { children: [], attributes, slots: [] },
  ];
  expect([...accompaniedValues(graph, LORA).keys()]).toEqual(['k0']);
});

it('lists of variables are read once', () => {
  const lists = ['variables', 'trainable_variables', 'non_trainable_variables'].map(name => ({ name, node: 1 }));
  const graph: StoredGraph = [
    { children: lists, attributes: [], slots: [] },
    { children: edges(String, 2), attributes: [], slots: [] },
    { children: [], attributes, slots: [] },
  ];
  expect(matchByPosition(branch([]), graph, () => true)).toBeUndefined();
});

it('a long chain that leads to one live object again and again is walked once', () => {
  const live = branch(Array.from({ length: MANY }, (_, i) => ({ name: `layer-${i}`, node: branch([]) })));
  const self = { ...live, aliases: [] as { name: string; node: typeof live }[] };
  self.aliases.push({ name: '_functional', node: self });
  const graph: StoredGraph = Array.from({ length: MANY }, (_, i) => ({
    children: i + 1 < MANY ? [{ name: '_functional', node: i + 1 }] : [],
    attributes: [],
    slots: [],
  }));
  expect(matchByEdges(self, graph, 0).keys.size).toBe(0);
});

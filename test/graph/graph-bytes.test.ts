/** The object graph written by hand, beside the same written by the Protobuf library. */
import { create, toBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { buildObjectGraph } from '../../src/graph/stored/encode.js';
import { TrackableObjectGraphSchema } from '../../src/graph/stored/proto/trackable_object_graph_pb.js';
import type { Edge, Trackable } from '../../src/graph/trackable.js';

const NAMES = [
  'k',
  'kernel',
  'layer_with_weights-10',
  'größe',
  '層'.repeat(50),
  'x'.repeat(127),
  'y'.repeat(20_000),
  '',
];

function leaf(name: string): Trackable {
  const capture = (): never => {
    throw new Error('nothing is captured');
  };
  return {
    children: [],
    attributes: [
      { name: 'VARIABLE_VALUE', fullName: name, label: name, dtype: 'int32', shape: [], capture, assign: capture },
    ],
  };
}

it('writes the bytes that the library writes', () => {
  const children: Edge[] = NAMES.map(name => ({ name, node: leaf(name) }));
  const root: Trackable = { children, attributes: [] };
  children.push({ name: 'root', node: root }, { name: 'empty', node: { children: [], attributes: [] } });
  const path = (name: string): string => `${name}/.ATTRIBUTES/VARIABLE_VALUE`;
  const message = create(TrackableObjectGraphSchema, {
    nodes: [
      {
        children: children.map(({ name, node }, i) => ({
          nodeId: node === root ? 0 : name === 'empty' ? NAMES.length + 1 : i + 1,
          localName: name,
        })),
        hasCheckpointValues: { value: true },
      },
      ...NAMES.map(name => ({
        attributes: [{ name: 'VARIABLE_VALUE', fullName: name, checkpointKey: path(name) }],
        hasCheckpointValues: { value: true },
      })),
      { hasCheckpointValues: { value: false } },
    ],
  });
  const expected = Buffer.from(toBinary(TrackableObjectGraphSchema, message));
  expect(Buffer.from(buildObjectGraph(root).serialized).equals(expected)).toBe(true);
});

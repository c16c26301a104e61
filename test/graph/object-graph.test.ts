import { describe, expect, it } from 'vitest';
import { captureOf } from '../../src/graph/attribute.js';
import { decodeObjectGraph } from '../../src/graph/stored/decode.js';
import { buildObjectGraph } from '../../src/graph/stored/encode.js';
import { checkpointRoot, type Trackable } from '../../src/graph/trackable.js';
import { cell, holder } from './tree.js';

/**
 * What TensorFlow 2.21 writes for:   v = tf.Variable(1.0, name='shared/one'); w = tf.Variable([1, 2], name='été')
 * # root, a, b, empty: AutoTrackable()   setattr(root, 'a/b.c', a); root.deep = b; b.empty = empty; b.first = v; a.back
 * = root   setattr(a, '.ATTRIBUTES', w); root.short = v; tf.train.Checkpoint(root).write(…)
 */
const GOLDEN =
  '0a2c0a0908011205612f622e630a0808021204646565700a090803120573686f72740a061204726f6f742a0208010a1d' +
  '0a0612046261636b0a0f' +
  '0804120b2e415454524942555445532a0208010a1a0a0908051205656d7074790a090803120566697273742a0208010a44123e0a0e56415249' +
  '41424c455f56414c5545120a7368617265642f6f6e651a2073686f72742f2e415454524942555445532f5641524941424c455f56414c55452a' +
  '0208010a4e12480a0e5641524941424c455f56414c55451205c3a974c3a91a2f612e53622e2e632f2e2e415454524942555445532f2e415454' +
  '524942555445532f5641524941424c455f56414c55452a0208010a022a00';

function sameTree() {
  const v = cell('shared/one', new Float32Array([1]), []);
  const w = cell('été', new Int32Array([1, 2]), [2], 'int32');
  const a = holder();
  const b = holder({ empty: holder(), first: v.node });
  const root = checkpointRoot(holder({ 'a/b.c': a, deep: b, short: v.node }));
  a.children.push({ name: 'back', node: root }, { name: '.ATTRIBUTES', node: w.node });
  return root;
}

describe('buildObjectGraph', () => {
  it('gives the bytes of TensorFlow, with cycles, shared objects and names that need escaping', () => {
    expect(Buffer.from(buildObjectGraph(sameTree()).serialized).toString('hex')).toBe(GOLDEN);
  });

  it('looks once at the extras of an object, of which there may be any number', () => {
    let looks = 0;
    const object: Trackable = {
      ...holder(),
      get extras() {
        looks++;
        return Array.from({ length: 300_000 }, (_, i) => ({
          name: `s-${i}`,
          dtype: 'bool' as const,
          shape: [],
          capture: () => captureOf(() => Uint8Array.of(1)),
        }));
      },
    };
    expect(buildObjectGraph(object).extras).toHaveLength(300_000);
    expect(looks).toBe(1);
  });

  it('lists tensors in node order under the shortest path', () => {
    expect(buildObjectGraph(sameTree()).tensors.map(({ key }) => key)).toEqual([
      'short/.ATTRIBUTES/VARIABLE_VALUE',
      'a.Sb..c/..ATTRIBUTES/.ATTRIBUTES/VARIABLE_VALUE',
    ]);
  });

  it('gives the key of a variable that is the root itself', () => {
    const only = cell('v', new Float32Array([1]), []);
    expect(buildObjectGraph(only.node).tensors.map(({ key }) => key)).toEqual(['/.ATTRIBUTES/VARIABLE_VALUE']);
  });

  it('numbers 100,000 objects', () => {
    const leaves = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`v${i}`, holder()]));
    const { serialized } = buildObjectGraph(holder(leaves));
    expect(decodeObjectGraph(serialized, 'p')).toHaveLength(100_001);
  });
});

describe('decodeObjectGraph', () => {
  it('reads back what was written', () => {
    const graph = decodeObjectGraph(Buffer.from(GOLDEN, 'hex'), 'p');
    expect(graph).toHaveLength(6);
    expect(graph[0]!.children).toEqual([
      { name: 'a/b.c', node: 1 },
      { name: 'deep', node: 2 },
      { name: 'short', node: 3 },
      { name: 'root', node: 0 },
    ]);
    expect(graph[4]!.attributes[0]).toEqual({
      name: 'VARIABLE_VALUE',
      fullName: 'été',
      key: 'a.Sb..c/..ATTRIBUTES/.ATTRIBUTES/VARIABLE_VALUE',
    });
  });

  it.each([
    ['no bytes at all', ''],
    ['a truncated message', GOLDEN.slice(0, 60)],
    ['a child that does not exist', '0a060a0408071200'],
    ['a negative node number', '0a0f0a0d08ffffffffffffffffff011200'],
  ])('refuses %s', (_what, hex) => {
    expect(() => decodeObjectGraph(Buffer.from(hex, 'hex'), 'dir/p')).toThrowError(
      expect.objectContaining({ code: 'ERR_CORRUPT', path: 'dir/p', tensor: '_CHECKPOINTABLE_OBJECT_GRAPH' }),
    );
  });
});

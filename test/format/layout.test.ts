/** Planning, boxes, strings, variants, byte order and key order: properties and known bytes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boxRuns } from '../../src/format/box-runs.js';
import { swapBytes } from '../../src/format/byteswap.js';
import { crc32c, maskCrc } from '../../src/format/crc.js';
import { EncodedKeys, sortedKeys } from '../../src/format/encoded-keys.js';
import { layout, naturalShards, totalCandidates, withTotal } from '../../src/format/shard-plan.js';
import { encodeStrings, encodeTexts, StoredStrings } from '../../src/format/strings.js';
import { atOnce } from '../../src/format/turns.js';
import { isWellFormed } from '../../src/format/utf8-order.js';
import { variantChecksum } from '../../src/format/variants.js';

const context = { path: 'd', tensor: 't' };

test('any policy and total leaves no shard empty while entries suffice', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 40 }),
      (sizes, wanted) => {
        const inputs = sizes.map(bytes => ({ bytes }));
        const assignment = naturalShards(inputs, wanted, 2);
        const natural = Math.min(wanted, sizes.length);
        expect(new Set(assignment).size).toBe(natural);
        expect([...assignment]).toEqual([...assignment].sort((a, b) => a - b));
        for (const total of totalCandidates(natural, sizes.length)) {
          const { order, shardBytes, offsets } = layout(inputs, withTotal(assignment, natural, total), total);
          expect(order.filter(shard => shard.length > 0).length).toBe(Math.min(total, sizes.length));
          expect(order.flat().length).toBe(sizes.length);
          for (const [shard, members] of order.entries()) {
            let at = 0;
            for (const i of members) {
              expect(offsets[i]).toBe(at);
              at += sizes[i]!;
            }
            expect(shardBytes[shard]).toBe(at);
          }
        }
      },
    ),
  );
});

test('policies', () => {
  const inputs = [6, 5, 20, 1, 1].map(bytes => ({ bytes }));
  expect([...naturalShards(inputs, { maxBytes: 10 }, 2)]).toEqual([0, 1, 2, 3, 3]);
  expect([...naturalShards(inputs, 'auto', 2)]).toEqual([0, 0, 0, 0, 0]);
  expect([...naturalShards([{ bytes: 1 }, { bytes: 1, shard: 7 }], 1, 2)]).toEqual([0, 1]);
  expect(totalCandidates(2, 5)).toEqual([2, 3, 4, 1, 5]);
  expect(totalCandidates(1, 1)).toEqual([1]);
  expect(totalCandidates(1, 2)).toEqual([1, 2]);
  expect([...withTotal(Int32Array.of(0, 0, 0), 1, 3)]).toEqual([0, 1, 2]);
});

test('runs of a box copy exactly the box', () => {
  expect([...boxRuns([4, 3, 2], [1, 0, 0], [2, 3, 2], [0, 0, 0], [2, 3, 2])]).toEqual([
    { source: 6, target: 0, length: 12 },
  ]);
  expect([...boxRuns([], [], [], [], [])]).toEqual([{ source: 0, target: 0, length: 1 }]);
  expect([...boxRuns([3], [1], [0], [0], [0])]).toEqual([]);
  const axis = fc.tuple(fc.nat(2), fc.nat(3), fc.nat(2), fc.nat(2), fc.nat(2));
  fc.assert(
    fc.property(fc.array(axis, { maxLength: 4 }), axes => {
      const source = axes.map(a => a[0] + a[1] + a[2]);
      const target = axes.map(a => a[3] + a[1] + a[4]);
      const size = axes.map(a => a[1]);
      const runs = [
        ...boxRuns(
          source,
          axes.map(a => a[0]),
          target,
          axes.map(a => a[3]),
          size,
        ),
      ];
      const got = runs.flatMap(run => Array.from({ length: run.length }, (_, i) => [run.source + i, run.target + i]));
      const want: number[][] = [];
      const visit = (depth: number, s: number, t: number): void => {
        if (depth === axes.length) want.push([s, t]);
        else
          for (let i = 0; i < size[depth]!; i++)
            visit(depth + 1, s * source[depth]! + axes[depth]![0] + i, t * target[depth]! + axes[depth]![3] + i);
      };
      visit(0, 0, 0);
      expect(got).toEqual(want);
    }),
  );
});

test('strings survive, and damage shows', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), elements => {
      const { bytes, crc } = encodeStrings(elements);
      const stored = new StoredStrings(bytes, elements.length, context);
      expect(stored.elements().map(e => Array.from(e))).toEqual(elements.map(e => Array.from(e)));
      expect(stored.crc()).toBe(crc);
      expect(() => new StoredStrings(bytes, elements.length + 1, context)).toThrow();
      expect(() => new StoredStrings(bytes.subarray(1), elements.length, context)).toThrow();
    }),
  );
  expect(() => new StoredStrings(new Uint8Array(8), 2 ** 40, context)).toThrow(
    expect.objectContaining({ code: 'ERR_CORRUPT' }),
  );
});

test('texts are stored as their UTF-8 bytes are; halves of pairs are refused, though neighbours would fit', () => {
  const refuse = (position: number): never => {
    throw new RangeError(`text ${position}`);
  };
  const unit = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('é'.repeat(5000)));
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 20 }), texts => {
      expect(encodeTexts(texts, refuse)).toEqual(encodeStrings(texts.map(text => Buffer.from(text))));
    }),
  );
  const none = encodeTexts([], refuse);
  expect(none).toEqual(encodeStrings([]));
  expect(() => encodeTexts(['a', '\ud83d', '\ude00'], refuse)).toThrow('text 1');
  expect(() => encodeTexts(['\ud83d\ude00', `${'x'.repeat(5000)}\ude00`], refuse)).toThrow('text 1');
  // Room is made again and again where characters need more bytes than were expected.
  const long = Array.from({ length: 500 }, (_, i) => '\u65e5'.repeat(i % 90));
  expect(encodeTexts(long, refuse)).toEqual(encodeStrings(long.map(text => Buffer.from(text))));
});

test('a variant is checked element by element', () => {
  const covered = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 10, 0);
  const masked = maskCrc(crc32c(covered));
  const stored = Uint8Array.of(2, 10, 0, masked & 255, (masked >>> 8) & 255, (masked >>> 16) & 255, masked >>> 24);
  expect(variantChecksum(stored, 1, context)).toBe(crc32c(Uint8Array.of(...covered, ...stored.subarray(3))));
  expect(() => variantChecksum(stored, 2, context)).toThrow(expect.objectContaining({ code: 'ERR_CORRUPT' }));
  expect(() => variantChecksum(stored, 0, context)).toThrow(expect.objectContaining({ code: 'ERR_CORRUPT' }));
  stored[2] = 1;
  expect(() => variantChecksum(stored, 1, context)).toThrow(expect.objectContaining({ code: 'ERR_CHECKSUM' }));
});

test('names that are the same as in the save before are not sorted again, and all others are', () => {
  const sorted = (names: readonly string[]) => atOnce(sortedKeys(names));
  const first = sorted(['b', 'a']);
  expect(first.positions).toEqual([1, 0]);
  expect(sorted(['b', 'a'])).toBe(first);
  expect(sorted(['a', 'b']).positions).toEqual([0, 1]);
  expect(sorted(['b', 'a', 'c']).positions).toEqual([1, 0, 2]);
  expect(sorted(['b']).positions).toEqual([0]);
});

test('names are ordered as UTF-8 and half surrogates are found', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'ß', '漢', '\uffee', '😀', '𐀀') })), names => {
      const sorted = atOnce(atOnce(EncodedKeys.encode(names)).sort()).map(i => names[i]!);
      expect(sorted).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
  expect(['a😀', '\ud83d', '\ude00', '\ude00\ud83d'].map(isWellFormed)).toEqual([true, false, false, false]);
  const bytes = Uint8Array.of(1, 2, 3, 4);
  swapBytes(bytes, 2);
  expect([...bytes]).toEqual([2, 1, 4, 3]);
});

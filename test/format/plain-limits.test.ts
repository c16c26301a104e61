/** The numbers of a table stand in the addon's reader, too. They must be those of the reader in TypeScript. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as format from '../../src/format/table-format.js';

const source = readFileSync(new URL('../../native/engine/plain_table.cc', import.meta.url), 'utf8');

function constant(name: string): number {
  const [, value] = source.match(new RegExp(`constexpr std::size_t ${name} = ([^;]+);`)) ?? [];
  const [number, shift = '0'] = (value ?? 'none').split('<<');
  return Number(number) * 2 ** Number(shift);
}

test('the layout and the limits are the same', () => {
  expect(constant('kTrailerBytes')).toBe(format.BLOCK_TRAILER_BYTES);
  expect(constant('kFooterBytes')).toBe(format.FOOTER_BYTES);
  expect(constant('kFooterHandleBytes')).toBe(format.FOOTER_HANDLE_BYTES);
  expect(constant('kRestartInterval')).toBe(format.RESTART_INTERVAL);
  expect(constant('kMaxKeyLength')).toBe(format.MAX_KEY_LENGTH);
  expect(constant('kMinEntryBytes')).toBe(format.MIN_ENTRY_BYTES);
  expect(constant('kSlackBytes')).toBe(format.SLACK_BYTES);
  expect(constant('kSlackEntries')).toBe(format.SLACK_ENTRIES);
  const magic = source
    .match(/kMagic\[\] = \{([^}]+)\}/)![1]!
    .split(',')
    .map(Number);
  expect(magic).toEqual(format.TABLE_MAGIC);
});

test('what the addon reads, the reader in TypeScript would read, too', () => {
  expect(constant('kMaxKeyExpansion')).toBeLessThanOrEqual(format.MAX_KEY_EXPANSION);
});

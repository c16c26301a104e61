/** What the machine can do without a format: copies, writes, reads, checksums. For orientation only: no ratios. */
import { peer } from '../harness/program.mjs';
import { amount } from '../harness/rows.mjs';

const rate = ({ bytes, seconds }) => bytes / seconds / 1e9;
const row = (title, of) => amount(title, of, 'GB/s', rate, { better: 'more' });

export const machineLimits = {
  name: 'machine-limits',
  what: 'memory and disk without any format',
  folder: 'limits',
  places: ['disk', 'tmpfs'],
  turns: 9,
  seconds: 60,
  turn: 4.8,
  prepare: ({ directory, bytes, run }) => run(write({ directory, bytes }, false)),
  contestants: ({ directory, bytes }) => ({
    memcpy: peer('raw', { run: 'memcpy', bytes }),
    read: peer('raw', { run: 'read', directory, method: 'pread' }),
    copy: peer('raw', { run: 'read', directory, method: 'copy' }),
    crc: peer('raw', { run: 'read', directory, method: 'crc' }),
    write: write({ directory, bytes }, false),
    'write-synced': write({ directory, bytes }, true),
  }),
  before: ({ place }, name) => (name.startsWith('write') ? place.emptied('limits') : undefined),
  rows: [
    row('memcpy', 'memcpy'),
    row('read, warm, into small buffers', 'read'),
    row('read, warm, into one buffer', 'copy'),
    row('read and CRC32C, warm', 'crc'),
    row('write', 'write'),
    row('write and fdatasync', 'write-synced'),
  ],
};

/** In an even turn `read` comes before the writes, and finds the file of the turn before. */
function write({ directory, bytes }, durable) {
  return peer('raw', { run: 'write', directory, bytes, files: 1, durable, method: 'ranges' });
}

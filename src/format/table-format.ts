/**
 * Numbers that the writer and the reader of tables share (tensorflow/core/lib/io/format.h, table_options.h).
 */

/** The type byte and the masked CRC that follow every block. */
export const BLOCK_TRAILER_BYTES = 5;
/** Two block handles padded to 40 bytes, and the magic number. */
export const FOOTER_BYTES = 48;
export const FOOTER_HANDLE_BYTES = 40;
/** The magic number 0xdb4775248b80fb57, as its bytes lie in the file. */
export const TABLE_MAGIC: readonly number[] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
export const RAW_BLOCK = 0;
export const SNAPPY_BLOCK = 1;
/** TensorFlow's default, which BundleWriter does not change. */
export const BLOCK_SIZE = 262_144;
/** Every 16th entry of a data block stores its whole key; every entry of the index block does. */
export const RESTART_INTERVAL = 16;
export const INDEX_RESTART_INTERVAL = 1;

// Limits for reading: more than any real writer makes, and little enough for the memory of any reader.

/**
 * The most bytes of all keys, per byte of the file. With a whole key every 16 entries, the keys are at most 16 times as
 * long as the blocks, and compression halves the blocks.
 */
export const MAX_KEY_EXPANSION = 32;
/**
 * The most bytes of a key. TensorFlow sets no limit; the longest names of real models have some hundred bytes. In V8,
 * longer strings of the same length all have the same hash, so a Map of them takes quadratic time.
 */
export const MAX_KEY_LENGTH = 16_383;
/** This many keys may be longer, up to the following length each. */
export const MAX_LONG_KEYS = 128;
export const MAX_LONG_KEY_LENGTH = 4_194_304;
/**
 * The most bytes of a name that is written. The keys of its slices are longer: at most 10 bytes per number, and each
 * NUL of the name takes two.
 */
export const MAX_NAME_LENGTH = 2_000_000;
/** The most names and slices that are written with a key that may be long. */
export const MAX_LONG_NAMES = 64;
/** From this length on, the key of a name may be a long one. */
export const LONG_NAME_LENGTH = 5000;
/** The fewest bytes of the file that an entry takes: lengths 3, key 1, type 2 and shape 2. */
export const MIN_ENTRY_BYTES = 8;
/** Allowances for small files, to which the ratios above do not apply. */
export const SLACK_BYTES = 1_048_576;
export const SLACK_ENTRIES = 1024;
/** Names are kept in one Map, which can have 2^24 keys. */
export const MAX_ENTRIES = 10_000_000;
/** A writer ends a block near 256 KiB, unless one entry is longer. */
export const MAX_DECOMPRESSED_BLOCK = 64 * 1024 * 1024;

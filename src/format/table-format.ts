/**
 * Numbers that the writer and the reader of tables share (tensorflow/core/lib/io/format.h, table_options.h).
 */

/** Type byte and masked CRC after every block. */
export const BLOCK_TRAILER_BYTES = 5;
/** Two block handles padded to 40 bytes, and the magic number. */
export const FOOTER_BYTES = 48;
export const FOOTER_HANDLE_BYTES = 40;
/** The magic number 0xdb4775248b80fb57 as it lies in the file. */
export const TABLE_MAGIC: readonly number[] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
export const RAW_BLOCK = 0;
export const SNAPPY_BLOCK = 1;
/** TensorFlow's default; BundleWriter does not change it. */
export const BLOCK_SIZE = 262_144;
/** Every 16th entry of a data block stores its whole key; every entry of the index block does. */
export const RESTART_INTERVAL = 16;
export const INDEX_RESTART_INTERVAL = 1;

// What is read at most: more than a writer in good faith makes, and little enough for the memory of any reader.

/**
 * Bytes of all keys for a byte of the file. With a whole key every 16 entries they are at most 16 times the blocks, and
 * compression halves these.
 */
export const MAX_KEY_EXPANSION = 32;
/**
 * A key's bytes. TensorFlow sets no limit; the longest names of real models have some hundred bytes. Longer strings all
 * have one hash in V8 if they are equally long, so that a Map of them takes quadratic time.
 */
export const MAX_KEY_LENGTH = 16_383;
/** So few may be longer, up to this each. */
export const MAX_LONG_KEYS = 128;
export const MAX_LONG_KEY_LENGTH = 4_194_304;
/**
 * A name's bytes, to be written. The keys of its slices are longer: by 10 bytes a number at most, and its NULs twice.
 */
export const MAX_NAME_LENGTH = 2_000_000;
/** Names and slices whose keys may be long, to be written. */
export const MAX_LONG_NAMES = 64;
/** From here on a name's key may be a long one. */
export const LONG_NAME_LENGTH = 5000;
/** Bytes of the file for one entry, at least: lengths 3, key 1, type 2 and shape 2. */
export const MIN_ENTRY_BYTES = 8;
/** Small files are not measured so closely. */
export const SLACK_BYTES = 1_048_576;
export const SLACK_ENTRIES = 1024;
/** Names are kept in one Map, which ends at 2^24. */
export const MAX_ENTRIES = 10_000_000;
/** A writer ends a block near 256 KiB, except for one long entry. */
export const MAX_DECOMPRESSED_BLOCK = 64 * 1024 * 1024;

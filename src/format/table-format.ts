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

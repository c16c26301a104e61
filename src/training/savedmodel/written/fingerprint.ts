/**
 * The file fingerprint.pb: hashes by which programs know a SavedModel again
 * (tensorflow/cc/saved_model/fingerprinting.cc).
 */
import { randomBytes } from 'node:crypto';
import { inTurns } from '../../../format/turns.js';
import { create, type FingerprintDef, FingerprintDefSchema } from '../stored/messages.js';
import { fingerprint64 } from './farm-hash.js';

/** The hash of a graph without operations; the hashes of no signatures and of no functions are 0. */
const NO_GRAPH = 1_826_355_931_633_539_578n;
/** Of TensorFlow's form. */
const VERSION = 4;

/** `saved`: the bytes of saved_model.pb; `index`: those of variables/variables.index. */
export async function fingerprintOf(
  saved: Uint8Array,
  index: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<FingerprintDef> {
  const hash = (bytes: Uint8Array): Promise<bigint> => inTurns(fingerprint64(bytes), signal, 'the save');
  return create(FingerprintDefSchema, {
    savedModelChecksum: await hash(saved),
    graphDefProgramHash: NO_GRAPH,
    checkpointHash: await hash(index),
    version: { producer: VERSION },
    uuid: BigInt(`0x${randomBytes(16).toString('hex')}`).toString(),
  });
}

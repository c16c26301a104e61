/**
 * The file fingerprint.pb: hashes by which programs know a SavedModel again
 * (tensorflow/cc/saved_model/fingerprinting.cc).
 */
import { randomBytes } from 'node:crypto';
import { inTurns, type Steps } from '../../../format/turns.js';
import { joined } from '../encoded/framed-bytes.js';
import {
  create,
  type FingerprintDef,
  FingerprintDefSchema,
  type MetaGraphDef,
  SavedConcreteFunctionSchema,
  SignatureDefSchema,
  toBinary,
} from '../stored/messages.js';
import { fingerprint64, fingerprintOfBoth } from './farm-hash.js';
import { comparable } from './program-graph.js';
import { byBytes } from './structured-values.js';

/** Of TensorFlow's form. */
const VERSION = 4;

/** A SavedModel as it is written. */
export interface SavedParts {
  /** Of saved_model.pb. */
  readonly bytes: Uint8Array;
  /** A part of it: the GraphDef, empty if there is none. */
  readonly graphDef: Uint8Array;
  /** What is after the graph in it. */
  readonly afterGraph: MetaGraphDef;
}

/** `index`: the bytes of variables/variables.index. */
export async function fingerprintOf(
  { bytes, graphDef, afterGraph }: SavedParts,
  index: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<FingerprintDef> {
  const hash = (steps: Steps<bigint>): Promise<bigint> => inTurns(steps, signal, 'the save');
  const { signatureDef, objectGraphDef } = afterGraph;
  return create(FingerprintDefSchema, {
    savedModelChecksum: await hash(fingerprint64(bytes)),
    graphDefProgramHash: await hash(fingerprint64(joined(comparable(graphDef)))),
    signatureDefHash: await hash(hashOfSignatures(signatureDef)),
    savedObjectGraphHash: await hash(hashOfFunctions(objectGraphDef?.concreteFunctions ?? {})),
    checkpointHash: await hash(fingerprint64(index)),
    version: { producer: VERSION },
    uuid: BigInt(`0x${randomBytes(16).toString('hex')}`).toString(),
  });
}

function* hashOfSignatures(signatures: MetaGraphDef['signatureDef']): Steps<bigint> {
  let hash = 0n;
  for (const name of Object.keys(signatures).sort(byBytes)) {
    hash = fingerprintOfBoth(hash, yield* fingerprint64(Buffer.from(name)));
    hash = fingerprintOfBoth(hash, yield* fingerprint64(toBinary(SignatureDefSchema, signatures[name]!)));
  }
  return hash;
}

/** In the order of the numbers in their names. The numbers themselves do not count. */
function* hashOfFunctions(functions: NonNullable<MetaGraphDef['objectGraphDef']>['concreteFunctions']): Steps<bigint> {
  const numberOf = (name: string): number => Number(name.slice(name.lastIndexOf('_') + 1));
  let hash = 0n;
  for (const name of Object.keys(functions).sort((a, b) => numberOf(a) - numberOf(b))) {
    const base = Buffer.from(name.slice(0, name.lastIndexOf('_') + 1));
    hash = fingerprintOfBoth(hash, yield* fingerprint64(base));
    const one = toBinary(SavedConcreteFunctionSchema, functions[name]!);
    hash = fingerprintOfBoth(hash, yield* fingerprint64(one));
  }
  return hash;
}

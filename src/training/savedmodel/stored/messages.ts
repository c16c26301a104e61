/**
 * The messages of a SavedModel, and the functions of the Protobuf library for them. As in src/graph/stored/protobuf.ts,
 * the globals that the library uses come first.
 */
import '../../../graph/stored/text-encoding.js';
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { TensorBundleError } from '../../../errors.js';

export { create, fromBinary, toBinary } from '@bufbuild/protobuf';
export * from './proto/saved_model_pb.js';

/** Throws ERR_CORRUPT for bytes that are not this message. Fields that it does not have are left out. */
export function decodedFrom<S extends DescMessage>(schema: S, bytes: Uint8Array, path: string): MessageShape<S> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw corruptFile(path, 'cannot be decoded', cause);
  }
}

export function corruptFile(path: string, what: string, cause?: unknown): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `${path} ${what}; it is damaged, or no file of a SavedModel`, {
    path,
    cause,
  });
}

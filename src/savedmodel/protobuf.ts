/**
 * The messages of a SavedModel, and the functions of the Protobuf library for them. As in src/graph/stored/protobuf.ts,
 * the globals that the library uses come first.
 */
import '../graph/stored/text-encoding.js';

export { create, fromBinary, toBinary } from '@bufbuild/protobuf';
export * from './proto/saved_model_pb.js';

/**
 * The messages of the object graph, and the functions of the Protobuf library that encode and decode them. The library
 * uses the globals TextEncoder and TextDecoder, which a context (jsdom) may lack: there it gets Node's first. So other
 * files take the messages and functions from here.
 */
import './text-encoding.js';

export { create, fromBinary, toBinary } from '@bufbuild/protobuf';
export * from './proto/trackable_object_graph_pb.js';

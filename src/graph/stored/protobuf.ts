/**
 * The messages of the object graph, and the function of the Protobuf library that decodes them. The library uses the
 * globals TextEncoder and TextDecoder, which a context (jsdom) may lack: there it gets Node's first. So other files
 * take the messages and the function from here.
 */
import './text-encoding.js';

export { fromBinary } from '@bufbuild/protobuf';
export * from './proto/trackable_object_graph_pb.js';

/**
 * The messages of the object graph, and what codes them. That library takes the globals TextEncoder and TextDecoder as
 * soon as it is loaded, and a context may have none (jsdom): it is given Node's there. So nothing else in here imports
 * the library but for its types.
 */
import './text-encoding.js';

export { create, fromBinary, toBinary } from '@bufbuild/protobuf';
export * from './proto/trackable_object_graph_pb.js';

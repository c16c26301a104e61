/** The bytes of a SavedModel's small files. Loaded with the first save: the schemas take milliseconds. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { encodeGraphs } from '../encoded/encode-graphs.js';
import { framed, joined, lengthOf } from '../encoded/framed-bytes.js';
import {
  create,
  FingerprintDefSchema,
  type MetaGraphDef,
  MetaGraphDefSchema,
  SavedMetadataSchema,
  SavedModelSchema,
  toBinary,
} from '../stored/messages.js';
import { WRITER } from '../stored/own-files.js';
import type { Contents, Functions } from './contents.js';
import { fingerprintOf, type SavedParts } from './fingerprint.js';
import { withFunctions } from './function-nodes.js';
import { flatOutputs, type TraceSource, tensorsIn } from './function-source.js';
import { byBytes } from './structured-values.js';

/** Of TensorFlow, whose form this is. Programs that read SavedModels show it. */
const TENSORFLOW_VERSION = '2.15.0';

type MetaGraphInit = Exclude<MessageInitShape<typeof MetaGraphDefSchema>, MetaGraphDef>;
/** The fields of a MetaGraphDef after the graph. */
type AfterGraph = Pick<MetaGraphInit, 'signatureDef' | 'saverDef' | 'objectGraphDef'>;

/** Numbers of fields in SavedModel and MetaGraphDef. */
const META_GRAPHS = 2;
const GRAPH_DEF = 2;

/** saved_model.pb. */
export function encodeSavedModel({ objects, functions }: Contents): SavedParts {
  const { graphDef, ...rest }: WithGraph = functions
    ? withGraph(objects, functions)
    : { graphDef: [], objectGraphDef: { nodes: [...objects] } };
  const head = create(MetaGraphDefSchema, {
    metaInfoDef: {
      strippedOpList: new Uint8Array(),
      tags: ['serve'],
      tensorflowVersion: TENSORFLOW_VERSION,
      tensorflowGitVersion: WRITER,
      strippedDefaultAttrs: functions !== undefined,
    },
  });
  const tail = create(MetaGraphDefSchema, rest);
  const metaGraph = [
    toBinary(MetaGraphDefSchema, head),
    ...(functions ? framed(GRAPH_DEF, graphDef) : []),
    toBinary(MetaGraphDefSchema, tail),
  ];
  const version = toBinary(SavedModelSchema, create(SavedModelSchema, { savedModelSchemaVersion: 1n }));
  const bytes = joined([version, ...framed(META_GRAPHS, metaGraph)]);
  const graphEnd = bytes.length - metaGraph.at(-1)!.length;
  return { bytes, graphDef: bytes.subarray(graphEnd - lengthOf(graphDef), graphEnd), afterGraph: tail };
}

type WithGraph = AfterGraph & { readonly graphDef: readonly Uint8Array[] };

function withGraph(objects: Contents['objects'], functions: Functions): WithGraph {
  const traces = [
    ...new Set([
      ...[...functions.functions.values(), ...functions.added.values()].flatMap(one => one.traces),
      ...functions.signatures.map(({ trace }) => trace),
    ]),
  ];
  const encoded = encodeGraphs({
    functions: traces.map(graphFunction),
    signatures: functions.signatures.map(({ name, trace }) => ({ name, function: traces.indexOf(trace) })),
    variables: functions.variables,
  });
  const { graphDef, saverDef } = encoded;
  // As every map in the file: in the order of its keys, in which TensorFlow hashes them.
  const named = Object.entries(encoded.signatureDef).sort(([a], [b]) => byBytes(a, b));
  const signatureDef = Object.fromEntries(named);
  return { graphDef, signatureDef, saverDef, objectGraphDef: withFunctions(objects, functions, traces, encoded) };
}

function graphFunction(trace: TraceSource): Parameters<typeof encodeGraphs>[0]['functions'][number] {
  const { names, values } = flatOutputs(trace);
  return {
    name: trace.name,
    graph: { ...trace.graph, outputs: values },
    inputNames: tensorsIn(trace.inputs).map(({ name }) => name),
    outputNames: names,
  };
}

export function encodeMetadata(metadata: MessageInitShape<typeof SavedMetadataSchema>): Uint8Array {
  return toBinary(SavedMetadataSchema, create(SavedMetadataSchema, metadata));
}

/** fingerprint.pb, for saved_model.pb and the bytes of variables/variables.index. */
export async function encodeFingerprint(...of: Parameters<typeof fingerprintOf>): Promise<Uint8Array> {
  return toBinary(FingerprintDefSchema, await fingerprintOf(...of));
}

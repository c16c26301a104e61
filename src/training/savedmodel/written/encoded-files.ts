/** The bytes of a SavedModel's small files. Loaded with the first save: the schemas take milliseconds. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { encodeGraphs } from '../encoded/encode-graphs.js';
import {
  create,
  FingerprintDefSchema,
  type MetaGraphDef,
  type MetaGraphDefSchema,
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
type GraphParts = Pick<MetaGraphInit, 'graphDef' | 'signatureDef' | 'saverDef' | 'objectGraphDef'>;

/** saved_model.pb. */
export function encodeSavedModel({ objects, functions }: Contents): SavedParts {
  const graph: GraphParts = functions ? withGraph(objects, functions) : { objectGraphDef: { nodes: [...objects] } };
  const saved = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: {
          strippedOpList: new Uint8Array(),
          tags: ['serve'],
          tensorflowVersion: TENSORFLOW_VERSION,
          tensorflowGitVersion: WRITER,
          strippedDefaultAttrs: functions !== undefined,
        },
        ...graph,
      },
    ],
  });
  return { bytes: toBinary(SavedModelSchema, saved), metaGraph: saved.metaGraphs[0]! };
}

function withGraph(objects: Contents['objects'], functions: Functions): GraphParts {
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

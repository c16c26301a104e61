/** SavedModels with few objects: variables, bare functions and signatures, enough for every loader. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Variable } from '@tensorflow/tfjs-core';
import { dtypeInfo } from '../../../src/format/dtypes.js';
import { Checkpoint } from '../../../src/tfjs.js';
import { shapeMessage } from '../../../src/training/savedmodel/encoded/attribute-values.js';
import {
  type ConcreteFunction,
  type EncodedGraphs,
  encodeGraphs,
  type GraphsSource,
  type NamedOutput,
  type StoredVariable,
} from '../../../src/training/savedmodel/encoded/encode-graphs.js';
import {
  create,
  SavedModelSchema,
  type SavedObjectGraphSchema,
  type SavedObjectSchema,
  type StructuredValueSchema,
  toBinary,
} from '../../../src/training/savedmodel/stored/messages.js';

type Structured = MessageInitShape<typeof StructuredValueSchema>;
type SavedObject = MessageInitShape<typeof SavedObjectSchema>;

/** As stored in the variables' own type, unless `dtypes` says otherwise. */
export function stored(variables: Readonly<Record<string, Variable>>): StoredVariable[] {
  return Object.entries(variables).map(([name, variable]) => ({
    variable,
    key: `${name}/.ATTRIBUTES/VARIABLE_VALUE`,
    fullName: variable.name,
    dtype: dtypeInfo(variable.dtype).number,
    shape: variable.shape,
  }));
}

/** With the values that the variables have. */
export async function saveGraphs(
  dir: string,
  variables: Readonly<Record<string, Variable>>,
  source: Omit<GraphsSource, 'variables'>,
): Promise<EncodedGraphs> {
  const all = stored(variables);
  const encoded = encodeGraphs({ ...source, variables: all });
  await writeSavedModel(dir, source, all, encoded);
  await new Checkpoint(variables).write(join(dir, 'variables', 'variables'), { durable: false });
  return encoded;
}

/** saved_model.pb. */
export async function writeSavedModel(
  dir: string,
  source: Omit<GraphsSource, 'variables'>,
  variables: readonly StoredVariable[],
  encoded: EncodedGraphs,
): Promise<void> {
  const { graphDef, signatureDef, saverDef } = encoded;
  const saved = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { strippedOpList: new Uint8Array(), tags: ['serve'], tensorflowVersion: '2.15.0' },
        graphDef: Buffer.concat(graphDef),
        signatureDef,
        saverDef,
        objectGraphDef: objectGraph(source, variables, encoded),
      },
    ],
  });
  await mkdir(join(dir, 'variables'), { recursive: true });
  await writeFile(join(dir, 'saved_model.pb'), toBinary(SavedModelSchema, saved));
}

function objectGraph(
  source: Omit<GraphsSource, 'variables'>,
  variables: readonly StoredVariable[],
  { functions, wrappers, constants }: EncodedGraphs,
): MessageInitShape<typeof SavedObjectGraphSchema> {
  const nodes: SavedObject[] = [];
  const add = (node: SavedObject): number => nodes.push(node) - 1;
  const userObject = (identifier: string, children: { nodeId: number; localName: string }[] = []): SavedObject => ({
    children,
    kind: { case: 'userObject', value: { identifier, version: { producer: 1, minConsumer: 1 } } },
  });
  const root = userObject('_generic_user_object');
  add(root);
  const edge = (localName: string, nodeId: number) => ({ localName, nodeId });
  const variableNodes = variables.map(({ fullName: name, dtype, shape }) =>
    add({ kind: { case: 'variable', value: { dtype, shape: shapeMessage(shape), trainable: dtype === 1, name } } }),
  );
  const constantNodes = constants.map(({ nodeName }) =>
    add({ kind: { case: 'constant', value: { operation: nodeName } } }),
  );
  const bound = ({ boundInputs }: ConcreteFunction): number[] =>
    boundInputs.map(({ kind, index }) => (kind === 'variable' ? variableNodes : constantNodes)[index]!);
  const bare = ({ name, inputs }: ConcreteFunction): number =>
    add({
      kind: {
        case: 'bareConcreteFunction',
        value: {
          concreteFunctionName: name,
          argumentKeywords: inputs.map(input => input.name),
          allowedPositionalArguments: BigInt(inputs.length),
        },
      },
    });
  const functionNodes = functions.map(bare);
  const signatureNodes = wrappers.map(bare);
  const signatures = add(
    userObject(
      'signature_map',
      signatureNodes.map((node, i) => edge(source.signatures[i]!.name, node)),
    ),
  );
  root.children = [
    ...variables.map(({ key }, i) => edge(key.split('/')[0]!, variableNodes[i]!)),
    ...functionNodes.map((node, i) => edge(source.functions[i]!.name, node)),
    edge('signatures', signatures),
  ];
  const described = [...functions, ...wrappers].map(
    concrete =>
      [
        concrete.name,
        {
          boundInputs: bound(concrete),
          canonicalizedInputSignature: tuple([tuple([]), dictionary(concrete.inputs)]),
          outputSignature: dictionary(concrete.outputs),
        },
      ] as const,
  );
  return { nodes, concreteFunctions: Object.fromEntries(described) };
}

function tuple(values: Structured[]): Structured {
  return { kind: { case: 'tupleValue', value: { values } } };
}

function dictionary(named: readonly NamedOutput[]): Structured {
  const fields = named.map(({ name, dtype, shape }) => [
    name,
    { kind: { case: 'tensorSpecValue', value: { name, dtype, shape: shapeMessage(shape) } } },
  ]);
  return { kind: { case: 'dictValue', value: { fields: Object.fromEntries(fields) as Record<string, Structured> } } };
}

/** A GraphDef as bytes, with large constants in parts of their own: there are five messages around each. */
import { TextEncoder } from 'node:util';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Constant } from '../graphs/graph.js';
import { create, GraphDefSchema, NodeDefSchema, TensorProtoSchema, toBinary } from '../stored/messages.js';
import { shapeMessage, shapesValue, typeValue } from './attribute-values.js';
import { framed } from './framed-bytes.js';
import { isTexts } from './shared-constants.js';

export interface ConstantNode {
  readonly name: string;
  readonly constant: Constant;
}

/** In parts. `constants`: the first nodes. */
export function graphBytes(
  graph: MessageInitShape<typeof GraphDefSchema>,
  constants: readonly ConstantNode[],
): Uint8Array[] {
  // Fields and maps in order: fingerprint.pb is of a file that TensorFlow wrote so.
  return [...constants.flatMap(nodeParts), toBinary(GraphDefSchema, create(GraphDefSchema, graph))];
}

/** Numbers are those of the fields in proto/saved_model.proto. */
function nodeParts({ name, constant: { dtype, shape, data } }: ConstantNode): Uint8Array[] {
  const attr = { _output_shapes: shapesValue([shape]), dtype: typeValue(dtype) };
  const node = toBinary(NodeDefSchema, create(NodeDefSchema, { name, op: 'Const', attr }));
  const texts = isTexts(data) ? { stringVal: [...data] } : {};
  const described = { dtype, tensorShape: shapeMessage(shape), ...texts };
  const tensor: Uint8Array[] = [toBinary(TensorProtoSchema, create(TensorProtoSchema, described))];
  if (!isTexts(data)) tensor.push(...framed(4, [data]));
  const entry = [...framed(1, [new TextEncoder().encode('value')]), ...framed(2, framed(8, tensor))];
  return framed(1, [node, ...framed(5, entry)]);
}

/**
 * A GraphDef as bytes. Large constants are put in by hand: the library would copy each one once for every message
 * around it, and there are five.
 */
import { TextEncoder } from 'node:util';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ByteWriter } from '../../../format/bytes.js';
import { LENGTH } from '../../../format/wire.js';
import type { Constant } from '../graphs/graph.js';
import { create, GraphDefSchema, NodeDefSchema, TensorProtoSchema, toBinary } from '../stored/messages.js';
import { shapeMessage, shapesValue, typeValue } from './attribute-values.js';
import { isTexts } from './shared-constants.js';

export interface ConstantNode {
  readonly name: string;
  readonly constant: Constant;
}

/** `constants`: the first nodes. */
export function graphBytes(
  graph: MessageInitShape<typeof GraphDefSchema>,
  constants: readonly ConstantNode[],
): Uint8Array {
  // Fields and maps in order: fingerprint.pb is of a file that TensorFlow wrote so.
  const parts = [...constants.flatMap(nodeParts), toBinary(GraphDefSchema, create(GraphDefSchema, graph))];
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Numbers are those of the fields in proto/saved_model.proto. */
function nodeParts({ name, constant: { dtype, shape, data } }: ConstantNode): Uint8Array[] {
  const attr = { _output_shapes: shapesValue([shape]), dtype: typeValue(dtype) };
  const node = toBinary(NodeDefSchema, create(NodeDefSchema, { name, op: 'Const', attr }));
  const texts = isTexts(data) ? { stringVal: [...data] } : {};
  const described = { dtype, tensorShape: shapeMessage(shape), ...texts };
  const tensor: Uint8Array[] = [toBinary(TensorProtoSchema, create(TensorProtoSchema, described))];
  if (!isTexts(data)) tensor.push(...field(4, [data]));
  const entry = [...field(1, [new TextEncoder().encode('value')]), ...field(2, field(8, tensor))];
  return field(1, [node, ...field(5, entry)]);
}

function field(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const head = new ByteWriter(16);
  head.varint(number * 8 + LENGTH);
  head.varint(lengthOf(parts));
  return [head.buffer.subarray(0, head.length), ...parts];
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

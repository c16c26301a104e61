/** A FunctionDef in the making. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OutputType, Shape } from '../graphs/graph.js';
import type { FunctionDefSchema, NodeDefSchema } from '../stored/messages.js';
import { type Attributes, shapeMessage, shapesValue, textValue, typeValue } from './attribute-values.js';
import { RESOURCE } from './operation-table.js';
import { argumentName, nodeName, UniqueNames } from './unique-names.js';

export type FunctionMessage = MessageInitShape<typeof FunctionDefSchema>;
export type NodeMessage = MessageInitShape<typeof NodeDefSchema>;

/** An argument; of a variable's handle, `holds` is what the variable has. */
interface ArgumentType extends OutputType {
  readonly name: string;
  readonly holds?: OutputType | undefined;
}

/** The arguments that stand for captures, by their numbers. */
export interface CapturedArguments {
  readonly variables: ReadonlyMap<number, string>;
  readonly constants: ReadonlyMap<number, string>;
}

interface NewNode {
  readonly op: string;
  /** Default: the operation. */
  readonly name?: string;
  readonly inputs?: readonly string[];
  readonly attributes?: Attributes;
  /** Of the outputs; null: of any rank. Default: there are none. */
  readonly shapes?: readonly (Shape | null)[];
}

export class FunctionBuilder {
  readonly #names = new UniqueNames();
  readonly #nodes: NodeMessage[] = [];
  readonly #arguments: { readonly argument: ArgumentType; readonly name: string }[] = [];
  readonly #outputs: { readonly name: string; readonly dtype: number; readonly from: string }[] = [];
  readonly #outputNames = new UniqueNames();
  readonly #control: string[] = [];
  stateful = false;

  /** How nodes refer to it. */
  argument(argument: ArgumentType): string {
    const name = this.#names.unique(argumentName(argument.name));
    this.#arguments.push({ argument, name });
    return name;
  }

  /** The name of the new node. */
  node({ op, name = op, inputs = [], attributes = {}, shapes = [] }: NewNode): string {
    const unique = this.#names.unique(nodeName(name));
    this.#nodes.push(nodeMessage(unique, op, inputs, { ...attributes, _output_shapes: shapesValue(shapes) }));
    return unique;
  }

  /** A node with one input and one output of the same type. */
  identity(from: string, { dtype, shape }: OutputType): string {
    const name = this.node({ op: 'Identity', inputs: [from], attributes: { T: typeValue(dtype) }, shapes: [shape] });
    return `${name}:output:0`;
  }

  output(name: string, dtype: number, from: string): void {
    this.#outputs.push({ name: this.#outputNames.unique(argumentName(name)), dtype, from });
  }

  /** The node runs in every call. */
  always(node: string): void {
    this.#control.push(node);
  }

  finish(name: string): FunctionMessage {
    const outputs = this.#outputs;
    return {
      signature: {
        name,
        inputArg: this.#arguments.map(({ argument: { dtype, holds }, name: own }) => ({
          name: own,
          type: dtype,
          handleData: holds === undefined ? [] : [{ dtype: holds.dtype, shape: shapeMessage(holds.shape) }],
        })),
        outputArg: outputs.map(({ name: own, dtype }) => ({ name: own, type: dtype })),
        isStateful: this.stateful,
        controlOutput: [...this.#control],
      },
      nodeDef: [...this.#nodes],
      ret: ordered(outputs.map(({ name: own, from }) => [own, from])),
      controlRet: ordered(this.#control.map(node => [node, node])),
      attr: { _input_shapes: shapesValue(this.#arguments.map(({ argument }) => argument.shape)) },
      argAttr: Object.fromEntries(
        this.#arguments.map(({ argument: { name: own, dtype, shape } }, i) => [
          i,
          { attr: described(own, dtype, shape) },
        ]),
      ),
    };
  }
}

export function nodeMessage(name: string, op: string, input: readonly string[], attr: Attributes): NodeMessage {
  return { name, op, input: [...input], attr: ordered(Object.entries(attr)) };
}

/** A map in the order of its keys, in which TensorFlow hashes what is in a file. */
function ordered<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function described(name: string, dtype: number, shape: Shape): Attributes {
  const attributes: Attributes = {};
  if (dtype !== RESOURCE) attributes._output_shapes = shapesValue([shape]);
  attributes._user_specified_name = textValue(name);
  return attributes;
}

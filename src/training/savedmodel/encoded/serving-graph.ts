/**
 * The graph of a SavedModel beside its functions, which TensorFlow Serving, the C API and TensorFlow 1 run: variables,
 * one call for each signature, and what saves and restores the variables.
 */
import { dtypeInfo } from '../../../format/dtypes.js';
import type { OutputType } from '../graphs/graph.js';
import { type Attributes, shapesValue, shapeValue, textValue, typesValue, typeValue } from './attribute-values.js';
import { callOf, type EncodedFunction } from './encoded-function.js';
import { type NodeMessage, nodeMessage } from './function-builder.js';
import type { ConstantNode } from './graph-def-bytes.js';
import { isHandledType } from './handled-types.js';
import type { Library, StoredVariable } from './library.js';
import { constantAttributes } from './shared-constants.js';
import { nodeName, UniqueNames } from './unique-names.js';

const STRING = dtypeInfo('string').number;
/** Of TensorFlow's own SavedModels; programs may know it. */
const FILE_NAME = 'saver_filename';

/** Names of tensors and nodes, as SaverDef has them. */
interface SaverNames {
  readonly fileName: string;
  readonly save: string;
  readonly restore: string;
}

type Shapes = Parameters<typeof shapesValue>[0];

export class ServingGraph {
  readonly nodes: NodeMessage[] = [];
  readonly #library: Library;
  readonly #names = new UniqueNames();
  /** Those that a graph may have. */
  readonly #variables: readonly StoredVariable[];
  /** Nodes of their handles, and of what reads them. */
  readonly #handles = new Map<StoredVariable, string>();
  readonly #reads: readonly string[];
  /** The large ones, which are not among `nodes`. */
  readonly constants: readonly ConstantNode[];

  constructor(library: Library) {
    this.#library = library;
    this.#variables = library.variables.filter(({ dtype }) => isHandledType(dtype));
    for (const variable of this.#variables) {
      const name = this.#names.unique(nodeName(variable.fullName));
      const { dtype, shape } = variable;
      const attributes = { dtype: typeValue(dtype), shape: shapeValue(shape), shared_name: textValue(name) };
      this.#add(name, 'VarHandleOp', [], attributes, [[]]);
      this.#handles.set(variable, name);
    }
    this.#reads = [...this.#handles].map(([{ dtype, shape }, handle]) => {
      const attributes = { dtype: typeValue(dtype) };
      return this.#node('ReadVariableOp', `${handle}/Read/ReadVariableOp`, [handle], attributes, [shape]);
    });
    this.constants = library.shared.constants.map(constant => ({ name: this.#names.unique('Const'), constant }));
  }

  /** The node's name. It does nothing. */
  nothing(after: readonly string[] = [], name = 'NoOp'): string {
    return this.#node(
      'NoOp',
      name,
      after.map(node => `^${node}`),
      {},
      [],
    );
  }

  placeholder(name: string, { dtype, shape }: OutputType): string {
    const attributes = { dtype: typeValue(dtype), shape: shapeValue(shape) };
    return this.#node('Placeholder', nodeName(name), [], attributes, [shape]);
  }

  /** The name of the node whose outputs are the function's. `inputs`: nodes. */
  call(called: EncodedFunction, inputs: readonly string[]): string {
    const { op, attributes } = callOf(called, this.#library);
    const captures = [
      ...called.variables.map(number => this.#handles.get(this.#library.variables[number]!)!),
      ...called.constants.map(number => this.constants[number]!.name),
    ];
    const shapes = called.outputs.map(({ shape }) => shape);
    return this.#node(op, op, [...inputs, ...captures], attributes, shapes);
  }

  saver(): SaverNames {
    const variables = this.#variables;
    const fileName = this.placeholder(FILE_NAME, { dtype: STRING, shape: [] });
    const saved = variables.length === 0 ? [] : [this.#save(fileName)];
    const identity = [fileName, ...saved.map(node => `^${node}`)];
    const done = this.#node('Identity', 'save/control_dependency', identity, { T: typeValue(STRING) }, [[]]);
    const assigned = variables.length === 0 ? [] : this.#restore(fileName);
    const restore = this.nothing(assigned, 'save/restore_all');
    return { fileName: `${fileName}:0`, save: `${done}:0`, restore };
  }

  #save(fileName: string): string {
    const inputs = [fileName, ...this.#keys('save/SaveV2'), ...this.#reads];
    return this.#node('SaveV2', 'save/SaveV2', inputs, this.#types(), []);
  }

  #restore(fileName: string): string[] {
    const variables = this.#variables;
    const from = [fileName, ...this.#keys('save/RestoreV2')];
    const shapes = variables.map(() => null);
    const restored = this.#node('RestoreV2', 'save/RestoreV2', from, this.#types(), shapes);
    return variables.map((variable, i) => {
      const inputs = [this.#handles.get(variable)!, i === 0 ? restored : `${restored}:${i}`];
      const attributes = { dtype: typeValue(variable.dtype) };
      return this.#node('AssignVariableOp', 'save/AssignVariableOp', inputs, attributes, []);
    });
  }

  #types(): Attributes {
    return { dtypes: typesValue(this.#variables.map(({ dtype }) => dtype)) };
  }

  /** Keys, and which parts of the tensors: the whole. */
  #keys(prefix: string): string[] {
    const variables = this.#variables;
    const keys = this.#texts(
      `${prefix}/tensor_names`,
      variables.map(({ key }) => key),
    );
    const parts = this.#texts(
      `${prefix}/shape_and_slices`,
      variables.map(() => ''),
    );
    return [keys, parts];
  }

  #texts(name: string, texts: readonly string[]): string {
    const data = texts.map(text => new Uint8Array(Buffer.from(text)));
    const shape = [texts.length];
    return this.#node('Const', name, [], constantAttributes({ dtype: STRING, shape, data }), [shape]);
  }

  #node(op: string, name: string, inputs: readonly string[], attributes: Attributes, shapes: Shapes): string {
    const unique = this.#names.unique(name);
    this.#add(unique, op, inputs, attributes, shapes);
    return unique;
  }

  #add(name: string, op: string, inputs: readonly string[], attributes: Attributes, shapes: Shapes): void {
    this.nodes.push(nodeMessage(name, op, inputs, { ...attributes, _output_shapes: shapesValue(shapes) }));
  }
}

/** What TensorFlow knows about its operations: arguments, results and attributes (OpDef), from the table. */
import { dtypeInfo } from '../../../format/dtypes.js';
import { OPERATIONS } from './operations.js';

/** The type of handles, which no tensor of a checkpoint has. */
export const RESOURCE = 20;

/** An argument or a result. */
export interface Parameter {
  readonly name: string;
  /** The attribute that says how many tensors it is; undefined: one, or as many as `types` has. */
  readonly number?: string | undefined;
  /** The attribute that says their type. */
  readonly type?: string | undefined;
  /** The attribute that lists the type of each. */
  readonly types?: string | undefined;
  /** The type, if it is always the same. */
  readonly fixed?: number | undefined;
}

interface AttributeType {
  /** As in OpDef: 'type', 'int', 'list(shape)'… */
  readonly type: string;
  readonly hasDefault: boolean;
}

export interface OperationType {
  readonly name: string;
  /** Whether two calls with the same inputs may differ, or it changes something. */
  readonly stateful: boolean;
  readonly inputs: readonly Parameter[];
  readonly outputs: readonly Parameter[];
  readonly attributes: ReadonlyMap<string, AttributeType>;
}

let table: Map<string, OperationType> | undefined;

/** Undefined for an operation that the table lacks. */
export function operationType(name: string): OperationType | undefined {
  table ??= new Map(
    OPERATIONS.trim()
      .replaceAll('\n ', ' ')
      .split('\n')
      .map(row => [row.slice(0, row.search(/[! ]/)), parsed(row)]),
  );
  return table.get(name);
}

function parsed(row: string): OperationType {
  const end = row.indexOf(' ');
  const head = row.slice(0, end);
  const [inputs, outputs, attributes] = row
    .slice(end)
    .split('>')
    .map(part => part.split(' ').filter(word => word !== ''));
  return {
    name: head.replace('!', ''),
    stateful: head.endsWith('!'),
    inputs: inputs!.map(parameter),
    outputs: outputs!.map(parameter),
    attributes: new Map(
      attributes!.map(word => {
        const [name, type] = word.split(':') as [string, string];
        return [name, { type: type.replace('?', ''), hasDefault: type.endsWith('?') }];
      }),
    ),
  };
}

function parameter(word: string): Parameter {
  const [name, rest] = word.split(':') as [string, string];
  if (rest.startsWith('[')) return { name, types: rest.slice(1, -1) };
  const [kind, number] = rest.split('*').reverse() as [string, string | undefined];
  return kind.startsWith('#') ? { name, number, fixed: fixedType(kind.slice(1)) } : { name, number, type: kind };
}

function fixedType(name: string): number {
  return name === 'resource' ? RESOURCE : dtypeInfo(name).number;
}

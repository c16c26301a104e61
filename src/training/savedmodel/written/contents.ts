/** What a SavedModel says beside the values of its variables, before it is bytes. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { dtypeInfo } from '../../../format/dtypes.js';
import { VARIABLE_VALUE } from '../../../graph/attribute.js';
import { attributeKey } from '../../../graph/key.js';
import type { NumberedObject, Numbering } from '../../../graph/numbering.js';
import type { Trackable } from '../../../graph/trackable.js';
import { slotVariable } from '../../../layers/optimizers/slot-attributes.js';
import { liveValue, variableOf } from '../../../layers/variable.js';
import type { StoredVariable } from '../encoded/encode-graphs.js';
import type { SavedMetadataSchema } from '../stored/messages.js';
import type { FunctionSource, SignatureSource } from './function-source.js';
import type { ObjectInit } from './object-graph.js';

export interface Contents {
  /** The objects of the checkpoint in `variables/`. */
  readonly root: Trackable;
  /** The same objects for saved_model.pb, by their numbers. */
  readonly objects: readonly ObjectInit[];
  /** Of a model: what Keras needs. */
  readonly metadata?: MessageInitShape<typeof SavedMetadataSchema>;
  /** Left out: the SavedModel has no functions and no graph. */
  readonly functions?: Functions;
}

export interface Functions {
  /** Each at its object, by the number of that. */
  readonly functions: ReadonlyMap<number, FunctionSource>;
  /** More functions of the root, by name. */
  readonly added: ReadonlyMap<string, FunctionSource>;
  readonly signatures: readonly SignatureSource[];
  /** All variables of the objects. */
  readonly variables: readonly NumberedVariable[];
  /** Lists of objects that are added to the root, by name. */
  readonly lists: ReadonlyMap<string, readonly number[]>;
}

export interface NumberedVariable extends StoredVariable {
  readonly number: number;
}

export function numberedVariables({ objects }: Numbering): NumberedVariable[] {
  return objects.flatMap(({ object, path }: NumberedObject, number): NumberedVariable[] => {
    const value = object.attributes.find(({ name }) => name === VARIABLE_VALUE);
    if (value === undefined) return [];
    const weight = variableOf(value);
    const variable = weight ? liveValue(weight, value.label) : slotVariable(value);
    return [
      {
        number,
        ...(variable && { variable }),
        key: attributeKey(path, value.name),
        fullName: value.fullName,
        dtype: dtypeInfo(value.writtenAs ?? value.dtype).number,
        shape: value.shape,
      },
    ];
  });
}

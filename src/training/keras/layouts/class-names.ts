/**
 * Names that Keras makes of the classes of layers, in files of Keras 3's layout: `dense`, and `dense_1` for the next
 * layer of the class in a list (keras/src/utils/naming.py, tf_keras/src/utils/generic_utils.py, `to_snake_case`).
 */
import { snakeCase as separated, WORDS } from '../../../layers/naming.js';
import type { Layer } from '../../../layers/types.js';
import { variedClass } from '../../models/added/added-names.js';

/** Which of the two packages walks over the objects. */
export type Keras = keyof typeof WORDS;

export function snakeCase(className: string, keras: Keras): string {
  return separated(className.replace(/\W+/g, ''), WORDS[keras]);
}

/** Keras's class of a layer. TensorFlow.js calls a functional model `Model` or `Functional`. */
export function kerasClass(layer: Layer): string {
  const name = layer.getClassName();
  return 'layers' in layer && name !== 'Sequential' ? 'Functional' : variedClass(name);
}

/** Numbers names in one list: the first `dense` stays so, the next is `dense_1`. */
export function numbered(): (name: string) => string {
  const used = new Map<string, number>();
  return name => {
    const before = used.get(name);
    used.set(name, before === undefined ? 0 : before + 1);
    return before === undefined ? name : `${name}_${before + 1}`;
  };
}

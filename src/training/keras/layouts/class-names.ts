/**
 * Names that Keras makes of the classes of layers, in files of Keras 3's layout: `dense`, and `dense_1` for the next
 * layer of the class in a list (keras/src/utils/naming.py, tf_keras/src/utils/generic_utils.py, `to_snake_case`).
 */
import type { Layer } from '../../../layers/types.js';

/** Which of the two packages walks over the objects. */
export type Keras = 'keras3' | 'tf_keras';

/** By which pattern each of them finds words in a class's name: they disagree about `ConvLSTM2D`. */
const WORDS: Readonly<Record<Keras, RegExp>> = { keras3: /(.)([A-Z][a-z]+)/g, tf_keras: /(.)([A-Z][a-z0-9]+)/g };

export function snakeCase(className: string, keras: Keras): string {
  return className
    .replace(/\W+/g, '')
    .replace(WORDS[keras], '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** A class of this package for one of TensorFlow.js with more options (src/training/models/added). */
const VARIANT = /^Keras(?=[A-Z])/;

/** Keras's class of a layer. TensorFlow.js calls a functional model `Model` or `Functional`. */
export function kerasClass(layer: Layer): string {
  const name = layer.getClassName();
  return 'layers' in layer && name !== 'Sequential' ? 'Functional' : name.replace(VARIANT, '');
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

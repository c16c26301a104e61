/** Names of the classes here that Keras has under another name, or in another form. */

const VARIANT = /^Keras(?=[A-Z])/;

/** The layer that computes an operation. Keras 3 has a class for each. */
export const OPERATION_LAYER = 'KerasOperation';

/** The class that stands for one of Keras with options that TensorFlow.js's own class lacks: `KerasReLU`. */
export function variantOf(className: string): string {
  return `Keras${className}`;
}

export function isVariant(className: string): boolean {
  return VARIANT.test(className);
}

/** The class in Keras: `ReLU`. Other names stay. */
export function variedClass(className: string): string {
  return className.replace(VARIANT, '');
}

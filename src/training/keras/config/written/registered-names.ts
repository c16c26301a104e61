/** The names by which user-defined classes are known in Python: those by which TensorFlow.js knows them. */
import { serialization } from '../../../../tfjs-core.js';

/** The package of classes that were registered without one, in TensorFlow.js as in Keras. */
const DEFAULT_PACKAGE = 'Custom';

/** Of a class that TensorFlow.js may not know: `package>name`, as `register_keras_serializable` makes it. */
export function registeredName(className: string): string {
  const classes = serialization.SerializationMap.getMap().classNameMap;
  const known = Object.hasOwn(classes, className) ? classes[className]?.[0] : undefined;
  const name = known && serialization.getRegisteredName(known);
  return name?.includes('>') ? name : `${DEFAULT_PACKAGE}>${className}`;
}

/** Operations of the graph that compute the numbers of a constant that moves, whatever its type. */
import type { OutputType, Place, Shape, Value } from '../graphs/graph.js';
import { FLOAT, INT32 } from '../graphs/type-numbers.js';
import type { Dimension, Sizes } from './expressions.js';
import { type Fraction, fitFraction } from './fit-floats.js';
import { fitInteger } from './fit-integers.js';
import type { Attributes, Scope } from './scope.js';

export function typeAttribute(dtype: number): Attributes {
  return { T: { kind: 'type', value: dtype } };
}

/**
 * A scalar of the type that has these values in the runs, computed from the dimensions. Null if they cannot be found,
 * or if the type is neither int32 nor float32.
 */
export function scalarNumber(
  scope: Scope,
  dtype: number,
  target: Sizes,
  dimensions: readonly Dimension[],
  place?: Place,
): Value | null {
  const first = target[0] as number;
  if (target.every(value => Object.is(value, first))) return scope.constant(dtype, [], [first]);
  if (dtype === INT32) {
    const expression = fitInteger(target, dimensions);
    return expression === null ? null : scope.scalar(expression, place);
  }
  if (dtype !== FLOAT) return null;
  const fraction = fitFraction(target, dimensions);
  return fraction === null ? null : computed(scope, fraction, place);
}

function computed(scope: Scope, { base, curve, factor, offset }: Fraction, place?: Place): Value {
  const scalar: OutputType = { dtype: FLOAT, shape: [] };
  let value = castTo(scope, FLOAT, scope.scalar(base, place), [], place);
  if (curve === 'Reciprocal') {
    const numerator = scope.constant(FLOAT, [], [factor]);
    value = scope.operation('RealDiv', typeAttribute(FLOAT), [numerator, value], scalar, place);
  } else {
    if (curve !== 'Identity') value = scope.operation(curve, typeAttribute(FLOAT), [value], scalar, place);
    if (factor !== 1) {
      // Dividing by a whole number rounds as JavaScript does, multiplying by its inverse does not.
      const divisor = Math.round(1 / factor);
      const exact = Math.abs(factor) < 1 && 1 / divisor === factor;
      const operand = scope.constant(FLOAT, [], [exact ? divisor : factor]);
      value = scope.operation(exact ? 'RealDiv' : 'Mul', typeAttribute(FLOAT), [value, operand], scalar, place);
    }
  }
  if (offset === 0) return value;
  return scope.operation('AddV2', typeAttribute(FLOAT), [value, scope.constant(FLOAT, [], [offset])], scalar, place);
}

/** From int32. */
export function castTo(scope: Scope, dtype: number, value: Value, shape: Shape, place?: Place): Value {
  if (dtype === INT32) return value;
  const attributes: Attributes = {
    SrcT: { kind: 'type', value: INT32 },
    DstT: { kind: 'type', value: dtype },
    Truncate: { kind: 'bool', value: false },
  };
  return scope.operation('Cast', attributes, [value], { dtype, shape }, place);
}

export function reshaped(scope: Scope, value: Value, dims: Value, shape: Shape, place?: Place): Value {
  const { dtype } = value.node.outputs[value.index] as OutputType;
  const attributes: Attributes = { T: { kind: 'type', value: dtype }, Tshape: { kind: 'type', value: INT32 } };
  return scope.operation('Reshape', attributes, [value, dims], { dtype, shape }, place);
}

/**
 * Convolutions and poolings over something smaller than their window. TensorFlow refuses them, and writes a line to the
 * terminal each time; a function that is tried at many sizes does them often.
 */
import type { NativeAttribute } from './native-backend.js';

/** Where the size of the window is: in the shape of the filter (from its first axis on) or in the attribute `ksize`. */
const WITH_FILTER = /^(?:_Fused)?(?:Conv2D|DepthwiseConv2dNative|Conv3D)$/;
const WITH_SIZE = /^(?:Max|Avg)Pool(?:3D)?$/;

/** Throws what stands for TensorFlow's refusal. `shapes`: those of the inputs. */
export function checkWindow(
  op: string,
  attributes: readonly NativeAttribute[],
  shapes: () => readonly (readonly number[])[],
): void {
  const hasFilter = WITH_FILTER.test(op);
  if (!hasFilter && !WITH_SIZE.test(op)) return;
  const given = new Map(attributes.map(({ name, value }) => [name, value]));
  if (given.get('padding') !== 'VALID') return;
  const [input = [], filter = []] = shapes();
  const first = String(given.get('data_format') ?? '').startsWith('NC') ? 2 : 1;
  const ksize = given.get('ksize') as readonly number[] | undefined;
  const dilations = given.get('dilations') as readonly number[] | undefined;
  for (let axis = 0; axis < input.length - 2; axis++) {
    const window = (hasFilter ? filter[axis] : ksize?.[first + axis]) ?? 1;
    const needed = (window - 1) * (dilations?.[first + axis] ?? 1) + 1;
    const size = input[first + axis] as number;
    if (size >= needed) continue;
    throw new RangeError(`${op} has a window of ${needed} along an axis of ${size}, and no padding`);
  }
}

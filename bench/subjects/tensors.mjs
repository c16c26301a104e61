/** The tensors of the benchmark. All differ, and each has its own memory, which has been written to. */
export const TENSORS = 64;
/** The name of the checkpoint in each measured folder, for every subject and peer. */
export const PREFIX = 'model';

export function makeTensors(bytes) {
  const length = bytes / 4 / TENSORS;
  const base = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    base[i] = state / 2 ** 31;
  }
  return Array.from({ length: TENSORS }, (_, i) => {
    const data = new Float32Array(base);
    data[0] = i;
    return { name: `layer-${i}/kernel/.ATTRIBUTES/VARIABLE_VALUE`, dtype: 'float32', shape: [length], data };
  });
}

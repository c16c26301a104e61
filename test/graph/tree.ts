/** Plain objects to build graphs from: variables that live in an array. */
import type { DType, TensorData } from '../../src/format/dtypes.js';
import { VARIABLE_VALUE } from '../../src/graph/attribute.js';
import { type Edge, type Trackable, variableNode } from '../../src/graph/trackable.js';

export interface Cell {
  node: Trackable;
  /** The value now. */
  data: TensorData;
  /** How many captures are not released. */
  held: number;
}

export function cell(fullName: string, data: TensorData, shape: number[], dtype: DType = 'float32'): Cell {
  const self: Cell = {
    data,
    held: 0,
    node: variableNode({
      name: VARIABLE_VALUE,
      fullName,
      label: `live ${fullName}`,
      dtype,
      shape,
      capture: () => {
        self.held++;
        const then = self.data;
        return { data: () => then, release: () => self.held-- };
      },
      assign: value => {
        self.data = value.data;
      },
    }),
  };
  return self;
}

/** An object whose edges can be added later, so that cycles are possible. */
export function holder(edges: Record<string, Trackable> = {}): Trackable & { children: Edge[] } {
  return { attributes: [], children: Object.entries(edges).map(([name, node]) => ({ name, node })) };
}

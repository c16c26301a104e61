/** Converters know the operations of today best. */
import { expect, it } from 'vitest';
import { todaysOperation } from '../../../src/training/savedmodel/encoded/todays-operation.js';
import type { Attribute, Operation, Shape } from '../../../src/training/savedmodel/graphs/graph.js';

const FLOAT = 1;
const STRING = 7;
const COMPLEX = 8;

function operation(op: string, shapes: readonly Shape[], dtype = FLOAT, attributes: Record<string, Attribute> = {}) {
  const inputs = shapes.map((shape, i) => {
    const outputs = [{ dtype, shape }];
    return { node: { kind: 'argument' as const, name: `x${i}`, outputs }, index: 0 };
  });
  const made: Operation = {
    kind: 'operation',
    op,
    attributes: new Map(Object.entries(attributes)),
    inputs,
    outputs: [{ dtype, shape: [] }],
  };
  return todaysOperation(made);
}

it('the product of two matrices is MatMul', () => {
  const turned = { adj_x: { kind: 'bool', value: false }, adj_y: { kind: 'bool', value: true } } as const;
  const made = operation(
    'BatchMatMulV2',
    [
      [null, 3],
      [4, 3],
    ],
    FLOAT,
    turned,
  );
  expect(made.op).toBe('MatMul');
  expect(Object.fromEntries(made.attributes)).toEqual({
    transpose_a: { kind: 'bool', value: false },
    transpose_b: { kind: 'bool', value: true },
  });
});

it('that of batches, and of complex numbers, is not', () => {
  expect(
    operation('BatchMatMulV2', [
      [null, 2, 3],
      [3, 4],
    ]).op,
  ).toBe('BatchMatMulV2');
  expect(
    operation(
      'BatchMatMulV2',
      [
        [2, 3],
        [3, 4],
      ],
      COMPLEX,
    ).op,
  ).toBe('BatchMatMulV2');
});

it('Add of numbers is AddV2; of texts it stays', () => {
  expect(operation('Add', [[2], [2]]).op).toBe('AddV2');
  expect(operation('Add', [[2], [2]], STRING).op).toBe('Add');
  expect(
    operation('Sub', [
      [2, 2],
      [2, 2],
    ]).op,
  ).toBe('Sub');
});

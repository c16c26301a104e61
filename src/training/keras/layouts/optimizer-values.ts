/**
 * The state of an optimizer in Keras's files: a list of values, in which only the place says what each one is. Keras 3:
 * the steps, the learning rate unless there is a schedule, the slots, and what belongs to no variable. tf_keras: the
 * steps and the slots; its legacy optimizers have the slots kind by kind, the others variable by variable. The older
 * HDF5 files have names, too.
 */
import type { Attribute } from '../../../graph/attribute.js';
import { isSameShape } from '../../../graph/mismatch.js';
import type { Hdf5Dataset } from '../../../hdf5/hdf5-file.js';
import type { SlotOrder } from '../../../layers/optimizers/slot-order.js';
import { isSameKind, kindNamed } from '../../../layers/optimizers/stored-kind.js';

export interface OptimizerValue {
  readonly key: string;
  /** Keras's name of the variable; undefined if the file has no names. */
  readonly name?: string;
  readonly dataset: Hdf5Dataset;
}

/** Keys of the values, by what they are. */
export interface OptimizerValues {
  /** Keras's class; undefined if it is not known. */
  readonly kind: string | undefined;
  readonly iterations: string;
  readonly learningRate: string | undefined;
  /** By Keras's list, in the order of `trained`. */
  readonly slots: ReadonlyMap<string, readonly string[]>;
  readonly scalars: ReadonlyMap<string, string>;
  /** The variables that the slots belong to. */
  readonly trained: readonly Attribute[];
  /** Values that mean nothing: the room that Keras 2 keeps for slots that it does not use. */
  readonly idle: readonly string[];
}

/** What the live optimizer has, and the variables that it may train, in each order that Keras could have. */
export interface LiveOptimizer {
  readonly order: SlotOrder;
  readonly trained: readonly (readonly Attribute[])[];
}

/**
 * `storedName`: the optimizer's name, which mostly is that of its class, if the file has it. Undefined if the values
 * are not understood, or not those of these variables: then Keras leaves the optimizer as it is.
 */
export function optimizerValues(
  values: readonly OptimizerValue[],
  storedName: string | undefined,
  live: LiveOptimizer,
): OptimizerValues | undefined {
  const kind = storedName === undefined ? kindIn(values) : kindNamed(storedName);
  const isNamed = values.some(({ name }) => name !== undefined);
  const { iterations, rate, rest, isByKind } = isNamed ? namedParts(values) : unnamedParts(values);
  const isSame = isSameKind(kind, live.order.kerasName);
  const found = isSame ? arranged(rest, isNamed, live, isByKind) : undefined;
  if (iterations === undefined || (isSame && found === undefined)) return undefined;
  return {
    kind: kind ?? (found && live.order.kerasName),
    iterations: iterations.key,
    learningRate: (found?.rate ?? rate ?? (found === undefined ? loneRate(rest) : undefined))?.key,
    slots: found?.slots ?? new Map(),
    scalars: found?.scalars ?? new Map(),
    trained: found?.trained ?? [],
    idle: found?.idle ?? [],
  };
}

interface Parts {
  readonly iterations: OptimizerValue | undefined;
  /** Undefined if it may be the first of the rest. */
  readonly rate: OptimizerValue | undefined;
  readonly rest: readonly OptimizerValue[];
  /** Whether the slots lie kind by kind. */
  readonly isByKind: boolean;
}

const STEPS = /(^|\/)iter(ation|ations)?(_\d+)?$/;
const RATE = /(^|\/)learning_rate$/;
/** Moving averages of the variables, and gradients of batches that are not a step yet. */
const OTHERS = /(^|\/)average\/|_average$|_gradient_accumulator$/;

function namedParts(values: readonly OptimizerValue[]): Parts {
  // In Keras 2.0, all are called `Variable_7`, and the steps come first.
  const [first] = values;
  const isUnnamed = values.every(({ name = '' }) => !STEPS.test(name)) && first?.dataset.shape.length === 0;
  const iterations = isUnnamed ? first : values.find(({ name = '' }) => STEPS.test(name));
  const rate = values.find(({ name = '' }) => RATE.test(name));
  const rest = values.filter(one => one !== iterations && one !== rate && !OTHERS.test(one.name ?? ''));
  return { iterations, rate, rest, isByKind: !/(^|\/)iteration(_\d+)?$/.test(iterations?.name ?? '') };
}

function unnamedParts([iterations, ...rest]: readonly OptimizerValue[]): Parts {
  return { iterations, rate: undefined, rest, isByKind: false };
}

/** In a file without names, the learning rate of an optimizer of another class. */
function loneRate([first]: readonly OptimizerValue[]): OptimizerValue | undefined {
  const isRate =
    first?.name === undefined && first?.dataset.shape.length === 0 && first.dataset.dtype.startsWith('float');
  return isRate ? first : undefined;
}

function kindIn(values: readonly OptimizerValue[]): string | undefined {
  for (const { name = '' } of values)
    for (const part of name.split('/')) {
      const kind = kindNamed(part);
      if (kind !== undefined) return kind;
    }
  return undefined;
}

interface Arrangement {
  readonly rate: OptimizerValue | undefined;
  readonly slots: ReadonlyMap<string, readonly string[]>;
  readonly scalars: ReadonlyMap<string, string>;
  readonly trained: readonly Attribute[];
  readonly idle: readonly string[];
}

/** The first arrangement of the values in which every slot has the shape of its variable. */
function arranged(
  given: readonly OptimizerValue[],
  isNamed: boolean,
  { order, trained }: LiveOptimizer,
  isByKind: boolean,
): Arrangement | undefined {
  const { values, idle } = withoutRoom(given, isByKind);
  const groups = isByKind ? order.groups.flat().map(list => [list]) : order.groups;
  for (const variables of trained) {
    const places = groups.flatMap(group => variables.flatMap(variable => group.map(list => ({ list, variable }))));
    for (const rates of isNamed ? [0] : [1, 0]) {
      // Without momentum, Keras 3's SGD has no slots.
      for (const wanted of order.kerasName === 'SGD' ? [places, []] : [places]) {
        for (const averages of isNamed ? [0] : [0, variables.length]) {
          const extra = values.length - rates - averages - wanted.length;
          if (extra < 0 || extra > order.scalars.length) continue;
          const first = values.slice(0, rates);
          if (first.some(({ dataset }) => dataset.shape.length > 0)) continue;
          const all = values.slice(rates);
          const front = isByKind && extra > 0 ? extra : 0;
          const slots = all.slice(front + averages, front + averages + wanted.length);
          const others = front > 0 ? all.slice(0, front) : all.slice(averages + wanted.length);
          const fits =
            all.slice(0, averages).every(({ dataset }, i) => isSameShape(dataset, variables[i]!)) &&
            slots.every(({ dataset }, i) => isSameShape(dataset, wanted[i]!.variable)) &&
            others.every(({ dataset }) => dataset.shape.length === 0);
          const lists = new Map<string, string[]>();
          slots.forEach(({ key }, i) => {
            const { list } = wanted[i]!;
            lists.set(list, [...(lists.get(list) ?? []), key]);
          });
          if (!fits) continue;
          return {
            rate: first[0],
            slots: lists,
            scalars: new Map(others.map(({ key }, i) => [order.scalars[i]!, key])),
            trained: wanted.length > 0 ? variables : [],
            idle,
          };
        }
      }
    }
  }
  return undefined;
}

/** Keras 2 keeps a value of one element for each slot of amsgrad if that is not used. */
function withoutRoom(
  values: readonly OptimizerValue[],
  isByKind: boolean,
): { values: readonly OptimizerValue[]; idle: readonly string[] } {
  const count = values.length / 3;
  const room = isByKind && Number.isInteger(count) ? values.slice(2 * count) : [];
  const isRoom =
    room.length > 0 &&
    room.every(({ dataset: { shape } }) => shape.length === 1 && shape[0] === 1) &&
    values.slice(count, 2 * count).some(({ dataset: { shape } }) => shape.length > 1);
  return isRoom ? { values: values.slice(0, 2 * count), idle: room.map(({ key }) => key) } : { values, idle: [] };
}

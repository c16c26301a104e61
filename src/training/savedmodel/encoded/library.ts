/** The functions of a SavedModel, and what they share: variables and large constants. */
import type { Variable } from '@tensorflow/tfjs-core';
import { invalidArgument, TensorBundleError } from '../../../errors.js';
import { dtypeOfNumber } from '../../../format/dtypes.js';
import type { Graph, OutputType } from '../graphs/graph.js';
import type { FunctionMessage } from './function-builder.js';
import { isHandledType } from './handled-types.js';
import { SharedConstants } from './shared-constants.js';

/** A variable of the SavedModel. */
export interface StoredVariable {
  /** As graphs know it. There may be none: a counter, say. */
  readonly variable?: Variable | undefined;
  /** In the checkpoint. */
  readonly key: string;
  /** As in `dense/kernel`. Several may have the same. */
  readonly fullName: string;
  /** As it is stored. Functions cast if theirs is another. */
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** What a function has beside its inputs, by number. */
export interface Captures {
  readonly variables: readonly number[];
  readonly constants: readonly number[];
}

export class Library {
  readonly functions: FunctionMessage[] = [];
  readonly variables: readonly StoredVariable[];
  readonly shared = new SharedConstants();
  readonly #numbers: ReadonlyMap<Variable, number>;
  #named = 0;

  constructor(variables: readonly StoredVariable[]) {
    this.variables = variables;
    this.#numbers = new Map(variables.flatMap(({ variable }, i) => (variable === undefined ? [] : [[variable, i]])));
  }

  /** A name that no other function has. TensorFlow takes what `__inference_` and a number enclose for its name. */
  uniqueName(name: string): string {
    return `${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}_${this.#named++}`;
  }

  variableNumber(variable: Variable): number {
    const number = this.#numbers.get(variable);
    if (number !== undefined) {
      const { dtype } = this.variables[number]!;
      if (isHandledType(dtype)) return number;
      const { name } = dtypeOfNumber(dtype);
      throw new TensorBundleError(
        'ERR_NOT_SUPPORTED',
        `a function uses the variable '${variable.name}', and TensorFlow has no variables of type ${name} in graphs`,
        { tensor: variable.name, found: name },
      );
    }
    throw invalidArgument(
      `a function uses the variable '${variable.name}', which is not saved; give saveModel the object that holds it`,
      { tensor: variable.name },
    );
  }

  constantType(number: number): OutputType {
    const { dtype, shape } = this.shared.constants[number]!;
    return { dtype, shape };
  }

  capturesOf(...graphs: readonly Graph[]): Captures {
    const variables = new Set<number>();
    const constants = new Set<number>();
    const visit = ({ nodes, assignments }: Graph): void => {
      for (const node of nodes) {
        if (node.kind === 'variable') variables.add(this.variableNumber(node.variable));
        if (node.kind === 'loop') [node.condition, node.body].forEach(visit);
        const number = node.kind === 'constant' ? this.shared.numberOf(node) : null;
        if (number !== null) constants.add(number);
      }
      for (const { variable } of assignments) variables.add(this.variableNumber(variable));
    };
    graphs.forEach(visit);
    return { variables: [...variables], constants: [...constants] };
  }
}

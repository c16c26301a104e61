/** Names of nodes, functions and arguments. */

/** Hands each name out once. Case does not count, as in TensorFlow, which once made files of them. */
export class UniqueNames {
  readonly #taken = new Set<string>();
  /** The last number given for a name. */
  readonly #last = new Map<string, number>();

  /** The name, or with the first free number behind it: `MatMul_1`. */
  unique(name: string): string {
    const base = name.toLowerCase();
    let found = name;
    let number = this.#last.get(base) ?? 0;
    while (this.#taken.has(found.toLowerCase())) found = `${name}_${++number}`;
    this.#last.set(base, number);
    this.#taken.add(found.toLowerCase());
    return found;
  }
}

/** Name as one of a node: TensorFlow allows letters, digits and `_.-/`, and no sign in front. */
export function nodeName(name: string): string {
  const valid = name.replaceAll(/[^A-Za-z0-9_.\-/]/g, '_');
  return /^[A-Za-z0-9.]/.test(valid) ? valid : `node${valid}`;
}

/** Name as one of a function's arguments: small letters, digits and `_`. */
export function argumentName(name: string): string {
  const valid = name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
  return /^[a-z]/.test(valid) ? valid : `argument_${valid}`;
}

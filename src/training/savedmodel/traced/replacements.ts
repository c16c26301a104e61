/** Properties of TensorFlow.js that are others while a function is recorded. */
export class Replacements {
  readonly #undo: (() => void)[] = [];

  replace<T extends object, K extends keyof T>(target: T, key: K, value: T[K]): void {
    const own = Object.getOwnPropertyDescriptor(target, key);
    Object.defineProperty(target, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: own?.enumerable ?? false,
    });
    this.#undo.push(() => {
      if (own) Object.defineProperty(target, key, own);
      else delete (target as Partial<T>)[key];
    });
  }

  /** Something else that is done when all is put back. */
  alsoRestore(action: () => void): void {
    this.#undo.push(action);
  }

  /** Puts back what was there before. */
  restore(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

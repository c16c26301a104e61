/** A function may open scopes of tensors, or choose another backend, and fail. */
import { engine } from '../../../tfjs-core.js';

/** Fields of tfjs-core's engine. */
interface State {
  readonly scopeStack: readonly unknown[];
}

export class OpenScopes {
  readonly #backend = engine().backendName;
  readonly #depth = depthNow();

  /** Opens the one of the recording. */
  constructor() {
    engine().startScope('tensorbundle');
  }

  /** The backend is the one from before, which has the tensors. */
  restore(): void {
    const core = engine();
    if (core.backendName === this.#backend) return;
    // It is there already, so nothing is waited for.
    void core.setBackend(this.#backend);
  }

  /** Also ends those that the function left open. */
  end(): void {
    while (depthNow() > this.#depth) engine().endScope();
  }
}

function depthNow(): number {
  return (engine().state as unknown as State).scopeStack.length;
}

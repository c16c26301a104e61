/** TensorFlow.js keeps what a gradient needs, and forgets to dispose of it if the function throws. */
import { engine, type Tensor } from '../../../tfjs-core.js';

/** Fields of tfjs-core's engine. */
interface State {
  activeTape: readonly { readonly saved?: readonly Tensor[] }[] | null;
}

export class GradientTape {
  readonly #before = stateOf().activeTape;

  /** Disposes of what the gradients kept that were begun since, and failed. */
  release(): void {
    const state = stateOf();
    const { activeTape } = state;
    if (activeTape === null || activeTape === this.#before) return;
    for (const { saved = [] } of activeTape) for (const one of saved) one.dispose();
    state.activeTape = this.#before;
  }
}

function stateOf(): State {
  return engine().state as unknown as State;
}

/** Watches whether a function asks what time it is: in a graph it would be the time of the trace, for ever. */
import { isCalledByProgram, ProgramPlace } from './program-place.js';
import { refused } from './refusals.js';
import type { Replacements } from './replacements.js';

export class Clocks {
  #refusal: Error | undefined;

  start(replacements: Replacements): void {
    this.#watch(replacements, Date, 'Date.now');
    // The one that the program sees, whatever that is.
    this.#watch(replacements, globalThis.performance, 'performance.now');
  }

  /** Throws if the function asked. What TensorFlow.js and other packages ask for themselves does not matter. */
  check(): void {
    if (this.#refusal) throw this.#refusal;
  }

  #watch(replacements: Replacements, clock: { now(): number }, name: string): void {
    const now = clock.now.bind(clock);
    replacements.replace(clock, 'now', () => {
      if (isCalledByProgram()) this.#refusal ??= clockRefused(name);
      return now();
    });
  }
}

function clockRefused(name: string): Error {
  const place = new ProgramPlace('');
  return refused(
    `the function calls ${name} (${place.text}), whose number would be a constant of the graph; make it an input`,
    place,
  );
}

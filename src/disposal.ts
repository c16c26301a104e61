/**
 * The symbols of `using` and `await using`. A context of node:vm lacks them before Node 24, and what was compiled for
 * such a Node (as this package is) needs them at run time. Node's own are taken, so that its streams and timers fit as
 * well. Every file with `await using`, or with a method of such a name, imports this one before anything else is made
 * (test/shape.test.ts).
 */
import { Readable } from 'node:stream';
import { clearTimeout, setTimeout } from 'node:timers';

define('asyncDispose', () => Readable.prototype);
define('dispose', () => {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return Object.getPrototypeOf(timer) as object;
});

/** `holder` gives an object of Node's that has a method of this name. */
function define(name: 'asyncDispose' | 'dispose', holder: () => object): void {
  if (typeof Symbol[name] === 'symbol') return;
  const own = Object.getOwnPropertySymbols(holder()).find(({ description }) => description?.endsWith(`.${name}`));
  // As the language has it: it cannot be changed any more.
  Object.defineProperty(Symbol, name, { value: own ?? Symbol(`Symbol.${name}`) });
}

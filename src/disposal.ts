/**
 * The symbols of `using` and `await using`. A context of node:vm lacks them before Node 24, and compiled code (as in
 * this package) needs them at run time. Node's own symbols are taken, so that its streams and timers fit too. Every
 * file with `await using`, or with a method of such a name, must import this file first (test/shape.test.ts checks it).
 */
import { clearTimeout, setTimeout } from 'node:timers';

// Only where it is needed: loading the module takes a millisecond.
define('asyncDispose', () => process.getBuiltinModule('node:stream').Readable.prototype);
define('dispose', () => {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return Object.getPrototypeOf(timer) as object;
});

/** `holder` gives an object made by Node that has a method of this name. */
function define(name: 'asyncDispose' | 'dispose', holder: () => object): void {
  if (typeof Symbol[name] === 'symbol') return;
  const own = Object.getOwnPropertySymbols(holder()).find(({ description }) => description?.endsWith(`.${name}`));
  // Not writable, as in the language itself.
  Object.defineProperty(Symbol, name, { value: own ?? Symbol(`Symbol.${name}`) });
}

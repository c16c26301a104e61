/** The kinds of optimizers that differ most, into some of ours; kinds.deep.test.ts has all of them. */
import { testKinds } from './kinds.js';

testKinds({
  titles:
    '(Adam|Lamb|Lion|ScheduleFreeAdamW|Multi|Adam accumulating) keras3|(Ftrl|Lion) new|Adamax legacy|' +
    'Adam (ema|schedule) .*|' +
    '(RMSprop full|SGD momentum) new|(Adam|SGD momentum|RMSprop full|Lion|Nadam) early new|' +
    '(SGD momentum|Adam) decay .*|(Adam|SGD momentum|RMSprop full) scaled .*',
  least: 8,
  live: /^(sgd|momentum|adam|rmsprop|exact RMSprop|exact Adam|wrapped Adam)$/,
});

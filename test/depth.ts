/**
 * Whether a longer run asks. A file `NAME.deep.test.ts` that only imports `NAME.test.ts` runs that one again with more
 * of the same: more kills, more seeds, more versions of Node.
 */
const asked = process.env.TENSORBUNDLE_TESTS;

/** `npm run test:long`: all that there is. What `npm run test:deep` asks of one judge of two is asked of both. */
export const isLong = asked === 'long';
/** `npm run test:deep`, which CI runs, or `npm run test:long`. */
export const isDeep = isLong || asked === 'deep';

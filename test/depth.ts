/**
 * Whether the longer run asks (`npm run test:deep`). A file `NAME.deep.test.ts` that only imports `NAME.test.ts` runs
 * that one again with more of the same: more kills, more seeds, more versions of Node.
 */
export const isDeep = process.env.TENSORBUNDLE_TESTS === 'deep';

/** Who judges Keras's own files: real Keras 3 and real tf_keras (judges.py). */
export const JUDGES = ['keras', 'tf_keras'] as const;
export type Judge = (typeof JUDGES)[number];

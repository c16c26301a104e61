/** Numbers of types that the makers of graphs need by name (tensorflow/core/framework/types.proto). */
export const FLOAT = 1;
export const INT32 = 3;
export const UINT8 = 4;
export const STRING = 7;
export const COMPLEX64 = 8;
export const INT64 = 9;
export const BOOL = 10;
export const VARIANT = 21;

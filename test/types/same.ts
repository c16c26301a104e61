/** Whether two types are one and the same: neither only assignable to the other, nor `any`. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for `holds<true>()`. Never runs: nothing in this folder does. */
export declare function holds<_Claim extends true>(): void;

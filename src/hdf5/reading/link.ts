/** What a name in a group leads to. */
export type Link =
  /** Address of an object header. */
  | { readonly kind: 'hard'; readonly address: number }
  /** A path, from the root or from the group of the link. */
  | { readonly kind: 'soft'; readonly to: string }
  /** To another file. */
  | { readonly kind: 'external' };

export type Links = ReadonlyMap<string, Link>;

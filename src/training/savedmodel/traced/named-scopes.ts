/** What the program is in while it is traced, such as a layer: for places where its stack says nothing. */

const scopes: string[] = [];

/** Does `action`, within what is described so. */
export function within<T>(scope: string, action: () => T): T {
  scopes.push(scope);
  try {
    return action();
  } finally {
    scopes.pop();
  }
}

/** The innermost first. */
export function scopesHere(): string[] {
  return [...scopes].reverse();
}

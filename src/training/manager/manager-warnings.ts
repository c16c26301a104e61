/** What a manager tells of as a process warning, since it goes on all the same. */

/** A warning names so many errors. */
const NAMED = 5;

/** What is newer than the checkpoint that was restored was passed over. */
export function warnOfFallback(path: string, problems: readonly Error[]): void {
  emit('TENSORBUNDLE_FALLBACK', `restored ${path}, since what is newer cannot be used: ${messagesOf(problems)}`);
}

/** There is nothing of the manager's own, and what others have saved is not what the objects need. */
export function warnOfOthers(problems: readonly Error[]): void {
  emit('TENSORBUNDLE_NOT_RESTORED', `nothing was restored, and the training begins anew: ${messagesOf(problems)}`);
}

export function warnOfRemoval(errors: readonly Error[]): void {
  emit('TENSORBUNDLE_NOT_REMOVED', `${messagesOf(errors)}; the new checkpoint is saved, and the next save tries again`);
}

export function warnOfBooks({ message }: Error): void {
  emit('TENSORBUNDLE_BOOKS', `${message}; the older half is kept on disk, and no manager looks after it any more`);
}

function messagesOf(errors: readonly Error[]): string {
  const named = errors.slice(0, NAMED).map(({ message }) => message);
  const more = errors.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function emit(code: string, message: string): void {
  process.emitWarning(message, { type: 'TensorBundleWarning', code });
}

/** The process warnings of a manager: it goes on in spite of these errors. */

/** How many errors a warning names. */
const NAMED = 5;

/** Newer checkpoints than the restored one were passed over. */
export function warnOfFallback(path: string, problems: readonly Error[]): void {
  emit('TENSORBUNDLE_FALLBACK', `restored ${path}, since what is newer cannot be used: ${messagesOf(problems)}`);
}

/** There is no checkpoint of this manager, and those that something else has saved do not fit the objects. */
export function warnOfOthers(problems: readonly Error[]): void {
  emit('TENSORBUNDLE_NOT_RESTORED', `nothing was restored, and the training begins anew: ${messagesOf(problems)}`);
}

export function warnOfRemoval(errors: readonly Error[]): void {
  emit('TENSORBUNDLE_NOT_REMOVED', `${messagesOf(errors)}; the new checkpoint is saved, and the next save tries again`);
}

export function warnOfBooks({ message }: Error): void {
  emit(
    'TENSORBUNDLE_BOOKS',
    `${message}; the older half of the checkpoints stays on disk, but no manager will remove it any more`,
  );
}

function messagesOf(errors: readonly Error[]): string {
  const named = errors.slice(0, NAMED).map(({ message }) => message);
  const more = errors.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function emit(code: string, message: string): void {
  process.emitWarning(message, { type: 'TensorBundleWarning', code });
}

/** The error of a set-up step: what went wrong, and what the user can do about it. */
export class SetupFailure extends Error {
  /**
   * @param {string} why one sentence, with the end of the failed command's output where there is one
   * @param {string} advice what to do
   */
  constructor(why, advice) {
    super(why);
    this.name = 'SetupFailure';
    this.advice = advice;
  }
}

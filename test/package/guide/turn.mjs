/** Between two blocks of a page: says that the one before is done, and waits until the next one may begin. */
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export async function turn() {
  process.stdout.write('\u001e\n');
  await lines.next();
}

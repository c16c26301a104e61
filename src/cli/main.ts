#!/usr/bin/env node
/**
 * The `tensorbundle` program: hands the arguments over and sets the exit code; never ends the process while it writes.
 */
import { dispatch } from './dispatch.js';
import { describeError, EXIT } from './terminal/failure.js';
import { Output } from './terminal/output.js';
import { visible } from './terminal/printable.js';

const output = Output.ofProcess();

// Node would print them as they are, names from files included. None are wanted where its own way of printing is
// switched off.
if (process.listenerCount('warning') > 0) {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) =>
    output.error(`${output.errorStyle.dim(`${visible(name)}:`)} ${visible(message)}\n`),
  );
}
// A bug: there is nothing to be finished.
process.on('uncaughtException', error => {
  output.error(describeError(error, output.errorStyle));
  process.exit(EXIT.io);
});

const exitCode = await dispatch(process.argv.slice(2), output);
process.exitCode = Math.max(exitCode, Number(process.exitCode ?? 0));

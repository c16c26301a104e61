#!/usr/bin/env node
/**
 * The `tensorbundle` program: passes the arguments on and sets the exit code. It never ends the process while output is
 * being written.
 */
import { dispatch } from './dispatch.js';
import { describeError, EXIT } from './terminal/failure.js';
import { Output } from './terminal/output.js';
import { visible } from './terminal/printable.js';

const output = Output.ofProcess();

// Node would print warnings as they are, with unsafe characters in names from files. If Node's printing of warnings is
// switched off, they are not printed here either.
if (process.listenerCount('warning') > 0) {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) =>
    output.error(`${output.errorStyle.dim(`${visible(name)}:`)} ${visible(message)}\n`),
  );
}
// This is a bug in the program, so it ends at once.
process.on('uncaughtException', error => {
  output.error(describeError(error, output.errorStyle));
  process.exit(EXIT.io);
});

const exitCode = await dispatch(process.argv.slice(2), output);
process.exitCode = Math.max(exitCode, Number(process.exitCode ?? 0));

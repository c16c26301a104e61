#!/usr/bin/env node
/** The `tensorbundle` program: hands the arguments over and sets the exit code; never ends the process while it writes. */
import { dispatch } from './dispatch.js';
import { Output } from './output.js';

const exitCode = await dispatch(process.argv.slice(2), Output.ofProcess());
process.exitCode = Math.max(exitCode, Number(process.exitCode ?? 0));

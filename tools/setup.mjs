/**
 * Provisions a checkout for building, testing and the quickstart:
 * `node tools/setup.mjs [--only=a,b | --deep | --bench] [--quiet]`. Uses only Node's built-in modules, because it runs
 * in a fresh clone. If everything is done already, it takes well under a second and changes nothing.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SetupFailure } from './setup/failure.mjs';
import { runSteps, STEPS } from './setup/step.mjs';

const extra = ({ deep, bench }) => {
  const options = [deep && '--deep', bench && '--bench'].filter(Boolean);
  return options.length === 0 ? '' : ` (with ${options.join(' or ')})`;
};

const USAGE = `usage: node tools/setup.mjs [--only=STEP,... | --deep | --bench] [--quiet]
steps:
${STEPS.map(step => `  ${step.name.padEnd(11)} ${step.what}${extra(step)}`).join('\n')}`;

async function main() {
  let options;
  try {
    options = parseArgs({
      options: {
        only: { type: 'string' },
        deep: { type: 'boolean' },
        bench: { type: 'boolean' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const wanted = options.only?.split(',').filter(Boolean);
  const unknown = wanted?.filter(name => !STEPS.some(step => step.name === name)) ?? [];
  if (unknown.length > 0) {
    console.error(`unknown step: ${unknown.join(', ')}\n${USAGE}`);
    return 2;
  }
  // Always in the order in which the steps depend on each other, whatever the order in --only.
  const usual = ({ deep, bench }) => (!deep && !bench) || (options.deep && deep) || (options.bench && bench);
  const steps = STEPS.filter(step => wanted?.includes(step.name) ?? usual(step));
  const context = {
    root: dirname(dirname(fileURLToPath(import.meta.url))),
    note: text => {
      if (!options.quiet) console.log(text);
    },
  };
  try {
    const started = performance.now();
    const count = await runSteps(steps, context);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    context.note(count === 0 ? `set-up: up to date (${seconds} s)` : `set-up: complete in ${seconds} s`);
    return 0;
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    console.error(`\nset-up failed at step '${error.step}': ${error.message}\n\nWhat to do: ${error.advice}`);
    return 1;
  }
}

process.exitCode = await main();

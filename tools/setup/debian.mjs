/**
 * Debian packages unpacked into a folder of the checkout: nothing is installed, and no root is needed. Their files are
 * found below that folder, `usr/bin/...`; maintainer scripts do not run.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';

/**
 * @param {{ root: string }} context
 * @param {string} step name of the log file
 * @param {readonly string[]} names packages
 * @param {string} folder where they go; the downloaded files lie in `folder/packages` meanwhile
 */
export async function unpackDebian(context, step, names, folder) {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg')) {
    throw new SetupFailure(
      'apt-get and dpkg are not here: this is no Debian or Ubuntu',
      `Install by hand what these packages hold: ${names.join(', ')}.`,
    );
  }
  const packages = join(folder, 'packages');
  rmSync(packages, { recursive: true, force: true });
  mkdirSync(join(packages, 'lists', 'partial'), { recursive: true });
  const advice = 'Check that the network reaches the package archive that apt is configured for (/etc/apt).';
  const download = options =>
    command(context, step, 'apt-get', [...options, 'download', ...names], { advice, cwd: packages });
  try {
    await download([]);
  } catch {
    // No lists, or old ones: lists of our own, because those of the system are root's.
    const own = ['-o', `Dir::State::Lists=${join(packages, 'lists')}`, '-o', `Dir::Cache=${packages}`];
    await command(context, step, 'apt-get', [...own, 'update'], { advice });
    await download(own);
  }
  for (const name of readdirSync(packages).filter(file => file.endsWith('.deb'))) {
    await command(context, step, 'dpkg', ['-x', join(packages, name), folder], {
      advice: 'The downloaded package is damaged; run the set-up again.',
    });
  }
  rmSync(packages, { recursive: true, force: true });
}

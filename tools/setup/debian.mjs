/**
 * Unpacks Debian packages into a folder without installing them, so that root is not needed and the machine is not
 * changed. Package lists are kept in .tools/debian, and come from the places that the machine's apt is configured for.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';

const CONFIGURED = '/etc/apt';

/** The codename in /etc/os-release, such as `bookworm`; undefined on a system without apt-get. */
export function codename() {
  if (!existsSync('/etc/os-release') || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return;
  return /^VERSION_CODENAME="?(\w+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
}

/** Names and texts of the files that say where apt finds packages. */
function sources() {
  const parts = join(CONFIGURED, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).map(name => join('sources.list.d', name)) : [];
  if (existsSync(join(CONFIGURED, 'sources.list'))) names.push('sources.list');
  return names
    .filter(name => /\.(list|sources)$/.test(name))
    .map(name => ({ name: name.replace('/', '-'), text: readFileSync(join(CONFIGURED, name), 'utf8') }));
}

/** The last use of .tools/debian; each waits for the one before it. */
let last = Promise.resolve();

/**
 * Unpacks the packages (not what they depend on) into a new folder `to`.
 * @param {{ root: string }} context
 * @param {{ names: readonly string[], to: string, arch?: string, release?: string }} options `arch`: Debian's name of
 * another architecture; `release`: the codename of another release of this distribution
 */
export function unpackDebian(context, options) {
  const unpacked = last.then(() => unpack(context, options));
  last = unpacked.catch(() => {});
  return unpacked;
}

/**
 * @param {{ root: string }} context
 * @param {{ names: readonly string[], to: string, arch?: string, release?: string }} options
 */
async function unpack(context, { names, to, arch, release }) {
  const own = codename();
  if (own === undefined) {
    throw new SetupFailure(
      'there is no apt-get: this is not Debian or Ubuntu',
      `Install what these packages hold: ${names.join(', ')}.`,
    );
  }
  const home = join(context.root, '.tools', 'debian', [release ?? own, arch ?? 'own'].join('-'));
  const parts = join(home, 'sources.d');
  for (const folder of [home, to]) rmSync(folder, { recursive: true, force: true });
  for (const folder of [parts, join(home, 'lists', 'partial'), join(home, 'cache', 'archives', 'partial'), to]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const { name, text } of sources()) {
    writeFileSync(join(parts, name), release ? text.replaceAll(own, release) : text);
  }
  const options = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': parts,
    'Dir::State::lists': join(home, 'lists'),
    'Dir::Cache': join(home, 'cache'),
    // No other process uses these lists. apt must not switch to another user, since that user could not write here.
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': 'root',
    ...(arch && { 'APT::Architecture': arch, 'APT::Architectures': arch }),
  };
  const args = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const advice = 'Check that apt-get reaches the package sources it is configured for (`apt-get update`).';
  // A busy mirror is asked again.
  args.push('-o', 'Acquire::Retries=3');
  await command(context, 'debian', 'apt-get', [...args, '-q', 'update'], { advice });
  await command(context, 'debian', 'apt-get', [...args, '-q', 'download', ...names], { advice, cwd: home });
  for (const file of readdirSync(home).filter(name => name.endsWith('.deb'))) {
    await command(context, 'debian', 'dpkg-deb', ['-x', join(home, file), to], { advice: 'Is the disk full?' });
  }
  rmSync(home, { recursive: true, force: true });
}

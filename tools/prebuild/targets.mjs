/**
 * The binaries that go into the package, named as node-gyp-build looks for them: prebuilds/PLATFORM-ARCH/, and the C
 * library as a tag where there are two. The addon uses Node-API 8 only, so one binary serves every Node from 20 on.
 *
 * @typedef {object} Target
 * @property {string} name as on the command line
 * @property {string} zig zig's target; glibc's version is the oldest that Node 20's own binaries run on or older
 * @property {string} file below prebuilds/
 * @property {readonly string[]} link
 */

/**
 * Each binary carries its own copy of the C++ library; exports.map keeps its symbols private. `nodelete`: it stays
 * loaded until the process ends. Node unloads an addon with the last environment that used it, and a worker may be the
 * only one; but that C++ library leaves functions behind that run later: at the end of the process (its zig build
 * registers them with __cxa_atexit and never calls __cxa_finalize) and at the end of each thread.
 */
const ELF = [
  '-Wl,-z,nodelete',
  '-Wl,--version-script=tools/prebuild/exports.map',
  '-Wl,-z,relro',
  '-Wl,-z,now',
  '-Wl,--gc-sections',
  '-s',
];
/**
 * The Node-API symbols come from the process that loads the addon. Mach-O has no such flag: native/node/residence.cc
 * does it.
 */
// Stripped, and with a name of its own: else the binary names the folder in which it was compiled.
const MACH = ['-undefined', 'dynamic_lookup', '-Wl,-dead_strip', '-Wl,-install_name,tensorbundle.node', '-s'];

/** @type {readonly Target[]} */
export const TARGETS = [
  { name: 'linux-x64-glibc', zig: 'x86_64-linux-gnu.2.17', file: 'linux-x64/tensorbundle.glibc.node', link: ELF },
  { name: 'linux-x64-musl', zig: 'x86_64-linux-musl', file: 'linux-x64/tensorbundle.musl.node', link: ELF },
  { name: 'linux-arm64-glibc', zig: 'aarch64-linux-gnu.2.17', file: 'linux-arm64/tensorbundle.glibc.node', link: ELF },
  { name: 'linux-arm64-musl', zig: 'aarch64-linux-musl', file: 'linux-arm64/tensorbundle.musl.node', link: ELF },
  { name: 'darwin-x64', zig: 'x86_64-macos.11.0', file: 'darwin-x64/tensorbundle.node', link: MACH },
  { name: 'darwin-arm64', zig: 'aarch64-macos.11.0', file: 'darwin-arm64/tensorbundle.node', link: MACH },
];

/** Name of the target of the running process; undefined where none is made. */
export function hostTarget() {
  const { platform, arch } = process;
  // The report names glibc's version where the process runs on glibc.
  const glibc = platform === 'linux' && process.report.getReport().header.glibcVersionRuntime !== undefined;
  const name = platform === 'linux' ? `linux-${arch}-${glibc ? 'glibc' : 'musl'}` : `${platform}-${arch}`;
  return TARGETS.find(target => target.name === name)?.name;
}

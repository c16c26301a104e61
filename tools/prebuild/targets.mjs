/**
 * The binaries that go into the package, with the names that node-gyp-build looks for: in prebuilds/PLATFORM-ARCH/,
 * with the C library as a tag if there are two. The addon uses only Node-API 8, so one binary works with every Node
 * from 20 on.
 *
 * @typedef {object} Target
 * @property {string} name as on the command line
 * @property {string} zig zig's target; glibc's version is the oldest that Node 20's own binaries run on or older
 * @property {string} file below prebuilds/
 * @property {readonly string[]} link
 */

/**
 * Each binary has its own copy of the C++ library; exports.map keeps its symbols private. With `nodelete` the binary
 * stays loaded until the process ends. Node unloads an addon with the last environment that used it, which may be that
 * of a worker. But functions of that C++ library run later: at the end of the process (zig's build registers them with
 * __cxa_atexit and never calls __cxa_finalize) and at the end of each thread.
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
 * The Node-API symbols come from the process that loads the addon. Mach-O has no flag like `nodelete`, so
 * native/node/residence.cc does its work.
 */
// Stripped and with an explicit install name: otherwise the binary contains the path in which it was compiled.
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

/** Name of the target that fits the running process; undefined if there is none. */
export function hostTarget() {
  const { platform, arch } = process;
  // The report has glibc's version if the process runs on glibc.
  const glibc = platform === 'linux' && process.report.getReport().header.glibcVersionRuntime !== undefined;
  const name = platform === 'linux' ? `linux-${arch}-${glibc ? 'glibc' : 'musl'}` : `${platform}-${arch}`;
  return TARGETS.find(target => target.name === name)?.name;
}

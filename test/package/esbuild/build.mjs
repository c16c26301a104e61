// Everything in one file, or all but tensorbundle: `node build.mjs esm|cjs bundled|external OUTFILE`.
import { build } from 'esbuild';

const [format, way, outfile] = process.argv.slice(2);
const external = way === 'external' ? ['tensorbundle'] : [];
await build({ entryPoints: ['main.js'], bundle: true, platform: 'node', format, external, outfile, logLevel: 'error' });

// Everything in one file, or all but tensorbundle: `node build.mjs esm|cjs bundled|external OUTFILE`.
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { rollup } from 'rollup';

const [format, way, file] = process.argv.slice(2);
const bundle = await rollup({
  input: 'main.js',
  external: way === 'external' ? [/^node:/, /^tensorbundle/] : [/^node:/],
  plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
  logLevel: 'silent',
});
await bundle.write({ file, format, inlineDynamicImports: true });

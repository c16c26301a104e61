// Everything in one file, or all but tensorbundle: `node build.mjs esm|cjs bundled|external OUTFILE`.
import { basename, dirname, resolve } from 'node:path';
import webpack from 'webpack';

const [format, way, file] = process.argv.slice(2);
const stats = await new Promise((done, failed) => {
  const esm = format === 'esm';
  webpack(
    {
      mode: 'production',
      target: 'node20',
      entry: './main.js',
      externals: way === 'external' ? { tensorbundle: esm ? 'module tensorbundle' : 'commonjs tensorbundle' } : {},
      experiments: { outputModule: esm },
      output: {
        path: resolve(dirname(file)),
        filename: basename(file),
        module: esm,
        library: { type: esm ? 'module' : 'commonjs2' },
      },
    },
    (error, result) => (error ? failed(error) : done(result)),
  );
});
if (stats.hasErrors()) throw new Error(stats.toString({ errors: true, all: false }));

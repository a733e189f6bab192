// Bundles src/ into a folder, dist/ unless one is named: node build.mjs [FOLDER]. The same sources give the same bytes.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'dist');
const assets = join(out, 'assets');
rmSync(out, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const made = await build({
  absWorkingDir: here,
  entryPoints: ['src/main.ts'],
  entryNames: 'page-[hash]',
  outdir: assets,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
const name = (ending) => Object.keys(made.metafile.outputs).map((path) => path.split('/').pop()).find((found) => found.endsWith(ending));

// What is bundled asks for its notices to go with it.
const packages = new Set(Object.keys(made.metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean));
const notices = [...packages].sort().map((one) => {
  const folder = join(here, 'node_modules', one);
  const file = ['LICENSE', 'LICENSE.md', 'LICENCE'].map((found) => join(folder, found)).find(existsSync);
  if (file === undefined) throw new Error(`${one} has no licence file`);
  return `${one} ${JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version}\n\n${readFileSync(file, 'utf8').trim()}\n`;
});
const licences = notices.join(`\n${'-'.repeat(72)}\n\n`);
// Assets are cached for good, so every name has a hash of what it names.
const licencesName = `licences-${createHash('sha256').update(licences).digest('hex').slice(0, 8)}.txt`;
writeFileSync(join(assets, licencesName), licences);

const page = readFileSync(join(here, 'src/index.html'), 'utf8');
writeFileSync(join(out, 'index.html'), page.replace('main.js', name('.js')).replace('main.css', name('.css')).replace('licences.txt', licencesName));
writeFileSync(join(out, 'favicon.svg'), readFileSync(join(here, 'src/favicon.svg')));

// Which sources this was built from; a test computes it again.
const files = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? files(join(folder, one.name)) : [join(folder, one.name)]));
const sources = [...files(join(here, 'src')), ...['build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'].map((one) => join(here, one))];
const names = sources.map((path) => relative(here, path).split(sep).join('/')).sort();
const digest = createHash('sha256');
for (const path of names) digest.update(`${path}\n${createHash('sha256').update(readFileSync(join(here, path))).digest('hex')}\n`);
writeFileSync(join(out, 'sources.sha256'), `${digest.digest('hex')}\n`);

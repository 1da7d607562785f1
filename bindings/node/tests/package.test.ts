// The package as users get it: packed, installed in a fresh folder, and used from its README alone.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { Picture, writeImageSync } from 'mirra';

import { noise, root, run, scratch } from './support';

const folder = scratch();
const installed = join(folder, 'node_modules', 'mirra');
const npm = (...values: string[]): string =>
  execFileSync('npm', values, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
let packed: string[] = [];

before(() => {
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    }),
  ) as [{ filename: string; files: { path: string }[] }];
  packed = files.map(({ path }) => path);
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  npm('install', '--no-audit', '--no-fund', '--offline', '--foreground-scripts', join(folder, filename));
  writeImageSync(join(folder, 'in.png'), noise(64, 48, 3));
});

test('the raw layer fits the header', () => {
  run(process.execPath, 'scripts/generate.mjs', join(root, '..', '..', 'include', 'mirra', 'mirra.h'), '--check');
});

test('the package holds what it needs, and nothing else', () => {
  const needed = [
    'LICENSE',
    'README.md',
    'binding.gyp',
    'dist/index.d.ts',
    'dist/index.js',
    'examples/denoise-folder.mjs',
    'native/addon.cc',
    'native/generated/functions.inc',
    'native/include/mirra/mirra.h',
    `prebuilds/${process.platform}-${process.arch}/mirra.node`,
    'scripts/install.cjs',
  ];
  for (const path of needed) assert.ok(packed.includes(path), `${path} is missing`);
  for (const path of packed)
    assert.match(
      path,
      /^(LICENSE|README\.md|binding\.gyp|package\.json|dist|examples|native|prebuilds|scripts\/(install|library)\.cjs)/,
    );
});

test('the example of the README runs', () => {
  const [, example] = /```js\n([^]*?)```/.exec(
    readFileSync(join(installed, 'README.md'), 'utf8'),
  ) as unknown as string[];
  writeFileSync(join(folder, 'example.mjs'), example as string);
  const output = execFileSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
  assert.match(output, /^removed noise of [\d.]+\/255\n$/);
  using picture = Picture.readSync(join(folder, 'out.png'));
  assert.deepEqual([picture.width, picture.height], [64, 48]);
});

test('the package is required as it is imported', () => {
  const script = "const { Engine } = require('mirra'); console.log(new Engine().tasks.length > 3)";
  const output = execFileSync(process.execPath, ['--input-type=commonjs', '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(output, 'true\n');
});

test('a program in strict TypeScript is checked against its types', () => {
  writeFileSync(
    join(folder, 'program.ts'),
    `import { Engine, MirraError, Picture, type Image, type RunResult } from 'mirra';
    const engine = new Engine({ log: (level, message) => console.log(level.toUpperCase(), message) });
    const session = engine.session('denoise', { sigma: 'auto' }, { quality: 'fast' });
    const result: RunResult<Image<Float32Array>> = await session.run({ data: new Float32Array(12), width: 2, height: 2 });
    const sum: number = result.image.data.reduce((a, b) => a + b, 0);
    const picture: Picture = (await session.run(await Picture.read('in.png'))).image;
    for await (const { fraction } of session.run({ image: picture, output: true })) console.log(fraction.toFixed(2), sum);
    // @ts-expect-error there is no such format
    session.runSync({ data: new Uint8Array(3), width: 1, height: 1, format: 'u9' });
    // @ts-expect-error a picture has no data
    picture.data;
    export function code(error: unknown): string { return error instanceof MirraError ? error.code : ''; }
`,
  );
  const options = '--noEmit --strict --target es2022 --module node16 --types node --typeRoots'.split(' ');
  const types = join(root, 'node_modules', '@types');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, ...options, types, 'program.ts'], {
    cwd: folder,
    stdio: 'pipe',
    encoding: 'utf8',
  });
});

test('the program for a folder is as in every language', () => {
  const check = join(root, '..', '..', 'tests', 'hosts', 'check_folder_program');
  const program = join(installed, 'examples', 'denoise-folder.mjs');
  execFileSync(check, [process.execPath, program], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
});

test('a library that is not there is an error with a hint', () => {
  const script =
    "import('mirra').then(({ Engine }) => new Engine()).catch((error) => console.log(error.code, error.hint))";
  const env = { ...process.env, MIRRA_PREFIX: folder };
  const output = execFileSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8', env });
  assert.match(output, /^not_found .*MIRRA_PREFIX/);
});

test('without a built addon, the package is built from its own sources', () => {
  rmSync(join(installed, 'prebuilds'), { recursive: true });
  const gyp = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const env = { ...process.env, npm_config_node_gyp: gyp, MIRRA_PREFIX: '', PKG_CONFIG_LIBDIR: folder };
  execFileSync(process.execPath, ['scripts/install.cjs'], { cwd: installed, stdio: 'pipe', env });
  assert.ok(existsSync(join(installed, 'build', 'Release', 'mirra.node')));
  const script = "import { version } from 'mirra'; console.log(version().abi)";
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(output, '1\n');
});

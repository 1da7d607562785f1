// After `npm install mirra`: nothing is to be done where a built addon loads; otherwise it is built here.
'use strict';

const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');

function loads(path) {
  return existsSync(path) && spawnSync(process.execPath, ['-e', `require(${JSON.stringify(path)})`]).status === 0;
}

const shipped = join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'mirra.node');
if (!loads(shipped) && !loads(join(root, 'build', 'Release', 'mirra.node'))) {
  const { npm_config_node_gyp: gyp } = process.env;
  const [program, ...values] = gyp ? [process.execPath, gyp] : ['node-gyp'];
  const { status } = spawnSync(program, [...values, 'rebuild'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error('mirra: the addon could not be built; it needs a C++17 compiler, make and Python 3');
    process.exit(1);
  }
}

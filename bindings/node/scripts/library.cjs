// Prints what binding.gyp asks for: the folder of the header that the generated files fit (`include`), or the folder where
// pkg-config finds the library (`lib`), or "" where MIRRA_PREFIX is to say it.
'use strict';

const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');

function include() {
  const packed = join(root, 'native', 'include');
  const repository = join(root, '..', '..', 'include');
  return existsSync(join(root, 'tests', 'tsconfig.json')) ? repository : packed;
}

function lib() {
  if (process.env.MIRRA_PREFIX) return '';
  try {
    const values = ['--variable=libdir', 'mirra'];
    return execFileSync('pkg-config', values, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

process.stdout.write(process.argv[2] === 'lib' ? lib() : include());

// Prints where the header is that the addon is built against (`include`), or where its library is (`lib`): in
// $MIRRA_PREFIX, else where pkg-config says, else the copy in this package and "".
'use strict';

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');

function folder(what) {
  const prefix = process.env.MIRRA_PREFIX;
  if (prefix) return what === 'lib' ? '' : join(prefix, 'include');
  try {
    const variable = `--variable=${what}dir`;
    return execFileSync('pkg-config', [variable, 'mirra'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return what === 'lib' ? '' : join(__dirname, '..', 'native', 'include');
  }
}

process.stdout.write(folder(process.argv[2]));

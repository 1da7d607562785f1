// Before `npm pack`: puts beside the compiled package what it needs elsewhere: the built addon, the header to build it
// again, and the licence.

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const here = join(import.meta.dirname, '..');
const repository = join(here, '..', '..');

function copy(from, to) {
  mkdirSync(join(to, '..'), { recursive: true });
  copyFileSync(from, to);
}

const platform = `${process.platform}-${process.arch}`;
copy(join(here, 'build', 'Release', 'mirra.node'), join(here, 'prebuilds', platform, 'mirra.node'));
copy(join(repository, 'include', 'mirra', 'mirra.h'), join(here, 'native', 'include', 'mirra', 'mirra.h'));
copy(join(repository, 'LICENSE'), join(here, 'LICENSE'));

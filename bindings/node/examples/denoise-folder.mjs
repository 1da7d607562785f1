// Takes the noise out of the pictures of a folder: node denoise-folder.mjs PICTURES CLEAN

import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Engine, MirraError, Picture } from 'mirra';

const [from, to] = process.argv.slice(2);
if (!from || !to) {
  console.error('usage: node denoise-folder.mjs PICTURES CLEAN');
  process.exit(2);
}

const controller = new AbortController();
const { signal } = controller;
process.once('SIGINT', () => controller.abort());

const engine = new Engine();
const session = await engine.sessionAsync('denoise');
const names = (await readdir(from)).filter((name) => /\.(png|jpe?g)$/i.test(name)).sort();
await mkdir(to, { recursive: true });

for (const name of names) {
  if (signal.aborted) break;
  const onProgress = ({ fraction }) => process.stderr.write(`\r${name} ${Math.round(100 * fraction)} %`);
  try {
    const picture = await Picture.read(join(from, name));
    const { image } = await session.run(picture, { signal, onProgress });
    await image.write(join(to, name), { metadata: picture });
  } catch (error) {
    if (signal.aborted) break;
    if (!(error instanceof MirraError)) throw error;
    process.stderr.write(`\r${name}: ${error.message}`);
    process.exitCode = 1;
  }
  process.stderr.write('\n');
}
if (signal.aborted) process.exitCode = 130;

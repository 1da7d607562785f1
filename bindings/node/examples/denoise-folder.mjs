// Denoises all pictures of a folder: node denoise-folder.mjs FROM TO. Ctrl-C stops at once and leaves no half file.

import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Engine, MirraError, Picture, printable } from 'mirra';

const [from, to] = process.argv.slice(2);
if (!from || !to) {
  console.error('usage: node denoise-folder.mjs FROM TO');
  process.exit(2);
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());
const { signal } = controller;

const engine = new Engine();
const session = await engine.sessionAsync('denoise', { sigma: 'auto' });
const names = (await readdir(from)).filter((name) => /\.(png|jpe?g)$/i.test(name)).sort();
await mkdir(to, { recursive: true });

let failed = 0;
for (const [index, name] of names.entries()) {
  const label = `${index + 1}/${names.length} ${printable(name)}`;
  try {
    const picture = await Picture.read(join(from, name));
    const onProgress = ({ fraction }) => {
      if (process.stdout.isTTY) process.stdout.write(`\r${label} ${Math.round(100 * fraction)} %`);
    };
    const { image, values } = await session.run(picture, { signal, onProgress });
    await image.write(join(to, name), { metadata: picture });
    console.log(`\r${label}: noise ${values.sigma_estimated.toFixed(1)}/255`);
    picture.close();
    image.close();
  } catch (error) {
    if (signal.aborted) {
      console.log('\rstopped');
      process.exitCode = 130;
      break;
    }
    if (!(error instanceof MirraError)) throw error;
    console.error(`\r${label}: ${error.message} ${error.hint}`);
    failed += 1;
  }
}
if (failed > 0) process.exitCode = 1;

// What a call costs beside the C API, in one process and turn by turn, and whether memory stays flat.

import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';

import { Engine } from 'mirra';

const measure = createRequire(import.meta.url)(process.argv[2]);
const engine = new Engine();
const session = engine.session('denoise', { sigma: 25 }, { quality: 'fast', threads: 1 });

// The fastest tenth is what calls cost where nothing else wants the processor at that moment.
const quantile = (values, part) => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)];
const micro = (seconds) => `${(1e6 * seconds).toFixed(1)} us`;

async function timed(seconds, call) {
  for (let i = 0; i < seconds.length; ++i) {
    const start = performance.now();
    await call();
    seconds[i] = (performance.now() - start) / 1000;
  }
}

for (const [width, rounds, count] of [
  [16, 40, 25],
  [512, 10, 2],
]) {
  const image = { data: new Uint8Array(width * width * 3).fill(99), width, height: width };
  const output = { data: new Uint8Array(width * width * 3), width, height: width };
  const ways = {
    'C, mirra_session_run': (seconds) => measure(image.data, output.data, width, seconds, 0),
    'Node, runSync': (seconds) => timed(seconds, () => void session.runSync({ image, output })),
    'C, mirra_session_submit': (seconds) => measure(image.data, output.data, width, seconds, 1),
    'Node, await run': (seconds) => timed(seconds, () => session.run({ image, output })),
  };
  const all = Object.fromEntries(Object.keys(ways).map((name) => [name, { wall: [], processor: 0 }]));
  for (let round = -1; round < rounds; ++round) {
    for (const [name, way] of Object.entries(ways)) {
      const seconds = new Float64Array(count);
      const before = process.cpuUsage();
      await way(seconds);
      const { user, system } = process.cpuUsage(before);
      if (round < 0) continue;
      all[name].wall.push(...seconds);
      all[name].processor += (user + system) / 1e6 / rounds / count;
    }
  }
  console.log(`${width}x${width}: median, fastest tenth, processor time`);
  const rows = Object.entries(all).map(([name, { wall, processor }]) => [
    name,
    quantile(wall, 0.5),
    quantile(wall, 0.1),
    processor,
  ]);
  for (const [name, ...values] of rows)
    console.log(`  ${name.padEnd(24)}${values.map((value) => micro(value).padStart(16)).join('')}`);
  for (const [mine, theirs] of [
    [rows[1], rows[0]],
    [rows[3], rows[2]],
  ]) {
    const more = [1, 2, 3].map(
      (i) => `${micro(mine[i] - theirs[i])} (${((100 * (mine[i] - theirs[i])) / theirs[i]).toFixed(1)} %)`,
    );
    console.log(`  ${mine[0]} costs more: ${more.join(', ')}`);
  }
}

async function growth(what, rounds, call) {
  for (let i = 0; i < rounds / 4; ++i) await call();
  globalThis.gc?.();
  await setImmediate();
  const before = process.memoryUsage.rss();
  for (let i = 0; i < rounds; ++i) await call();
  globalThis.gc?.();
  await setImmediate();
  console.log(`${what}: ${((process.memoryUsage.rss() - before) / 1e6).toFixed(1)} MB more`);
}

const small = { data: new Uint8Array(16 * 16 * 3).fill(99), width: 16, height: 16 };
await growth('2000 runs at 16x16', 2000, () => session.run(small));
await growth('500 sessions', 500, async () => {
  const own = engine.session('denoise', { sigma: 25 }, { quality: 'fast' });
  await own.run(small);
  own.close();
});

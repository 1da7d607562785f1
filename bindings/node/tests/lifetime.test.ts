// What must never end in a crash or a hang. Each program runs in a process of its own, with the collector at hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { node } from './support';

const prelude = `
  const assert = require('node:assert/strict');
  const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
  const { Engine, Picture, createImage, encodeImageSync } = require('mirra');
  const optimize = { method: 'optimize', iterations: 1000000, patience: 1000000, tolerance: 0 };
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const collect = async () => { for (let i = 0; i < 4; ++i) { gc(); await sleep(1); } };
  const noisy = (side) => ({ data: new Uint8Array(side * side * 3).map((_, i) => (i * 7919) % 251), width: side, height: side });
  const transfer = (image) => structuredClone(0, { transfer: [image.data.buffer] });
  process.on('unhandledRejection', (error) => { console.error(error); process.exit(99); });
`;

/** A program that must print what it is expected to and end by itself. */
function program(name: string, body: string, expected: { status?: number; output?: RegExp } = {}): void {
  test(name, async () => {
    const { status, signal, output } = await node(`${prelude}\n(async () => {${body}})();`);
    assert.equal(signal, null, output);
    assert.equal(status, expected.status ?? 0, output);
    if (expected.output) assert.match(output, expected.output);
  });
}

/** The same with pixels held in place, and with copies, as in runtimes that cannot hold them. */
function inBothWays(name: string, body: string): void {
  program(name, body);
  program(`${name} (copies)`, `require('./dist/native').native.setPinning(false); ${body}`);
}

inBothWays(
  'an input that is transferred and dropped while its job runs',
  `const session = new Engine().session('denoise', { sigma: 25 });
   const image = noisy(256);
   const expected = session.runSync(noisy(256)).image.data;
   const job = session.run(image);
   transfer(image);
   assert.equal(image.data.length, 0);
   await collect();
   assert.deepEqual((await job).image.data, expected);`,
);

inBothWays(
  'an output that is transferred while its job runs',
  `const session = new Engine().session('denoise', { sigma: 25 });
   const output = createImage({ width: 256, height: 256, channels: 3 });
   const job = session.run({ image: noisy(256), output });
   transfer(output);
   await collect();
   await job;
   assert.equal(output.data.length, 0);
   await assert.rejects(session.run({ image: noisy(256), output }), { code: 'invalid_argument', subject: 'output' });`,
);

inBothWays(
  'an output in its input, in the memory of a part of an array, with planes',
  `const session = new Engine().session('denoise', { sigma: 25, strength: 0.5 });
   const expected = session.runSync(noisy(64)).image.data;
   const memory = new Uint8Array(64 * 64 * 3 + 7).fill(1);
   memory.set(noisy(64).data, 7);
   const image = { data: memory.subarray(7), width: 64, height: 64 };
   await session.run({ image, output: image });
   assert.deepEqual(new Uint8Array(image.data), expected);
   assert.ok(memory.subarray(0, 7).every((value) => value === 1));
   const bgr = new Uint8Array(64 * 64 * 3), { data } = noisy(64);
   for (let i = 0; i < data.length; i += 3) bgr.set([data[i + 2], data[i + 1], data[i]], i);
   const planes = [bgr.subarray(2), bgr.subarray(1), bgr];
   await session.run({ image: { planes, width: 64, height: 64, pixelStride: 3 }, output: { planes, width: 64, height: 64, pixelStride: 3 } });
   for (let i = 0; i < data.length; ++i) assert.equal(bgr[i - (i % 3) + 2 - (i % 3)], expected[i]);`,
);

program(
  'everything is dropped and collected while jobs run',
  `const jobs = [];
   for (let i = 0; i < 4; ++i) jobs.push(new Engine().session('denoise', { sigma: 25 }, { quality: 'fast' }).run(noisy(128)));
   await collect();
   for (const job of jobs) assert.equal((await job).image.width, 128);
   jobs.length = 0;
   await collect();`,
);

program(
  'pixels of pictures outlive them, also in jobs',
  `const session = new Engine().session('denoise', { sigma: 25 }, { quality: 'fast' });
   let picture = Picture.decodeSync(encodeImageSync(noisy(128), 'png'));
   let image = picture.image();
   picture.close();
   picture = null;
   await collect();
   const job = session.run(image);
   transfer.call(null, noisy(2));
   image = null;
   await collect();
   assert.equal((await job).image.width, 128);
   const other = Picture.decodeSync(encodeImageSync(noisy(128), 'png'));
   const held = session.run(other);
   other.close();
   await collect();
   assert.equal((await held).image.width, 128);`,
);

program(
  'what nobody closes is collected',
  `const engine = new Engine();
   const bytes = encodeImageSync(noisy(512), 'png');
   const base = async () => { await collect(); return process.memoryUsage.rss(); };
   const round = async () => { for (let i = 0; i < 60; ++i) { Picture.decodeSync(bytes); engine.session('denoise').get('sigma'); if (i % 10 === 0) await collect(); } };
   await round();
   const before = await base();
   await round();
   const grown = (await base()) - before;
   assert.ok(grown < 30e6, String(grown));`,
);

program(
  'the program waits for a job that it began',
  `new Engine().session('denoise', { sigma: 25 }).run(noisy(64)).then(({ image }) => console.log('width', image.width));`,
  { output: /width 64/ },
);

program(
  'process.exit while jobs run',
  `const engine = new Engine();
   for (let i = 0; i < 3; ++i) engine.session('invert', optimize).run(noisy(64), { onProgress() {} });
   engine.session('denoise', { sigma: 25 }).run({ image: { width: 640, height: 640, channels: 3, format: 'u8', read: () => new Promise(() => {}) } });
   Picture.decode(encodeImageSync(noisy(512), 'png'));
   await sleep(100);
   process.exit(7);`,
  { status: 7 },
);

program(
  'an uncaught exception while jobs run',
  `new Engine().session('invert', optimize).run(noisy(64)).catch(() => {});
   await sleep(100);
   setTimeout(() => { throw new RangeError('uncaught'); });`,
  { status: 1, output: /uncaught/ },
);

const workerScript = `${prelude}
  const engine = new Engine({ log: () => {} });
  const session = engine.session('invert', optimize);
  const ways = {
    job: () => session.run(noisy(64), { onProgress: () => {} }),
    source: () => session.run({ image: { width: 64, height: 64, channels: 3, format: 'u8', read: () => new Promise(() => {}) } }),
    opening: () => { engine.sessionAsync('stylize'); Picture.decode(encodeImageSync(noisy(512), 'png')); },
    idle: () => {},
  };
  ways[workerData]()?.then?.(undefined, () => {});
  parentPort.postMessage('begun');
  parentPort.on('message', () => {});
`;

program(
  'workers that are terminated while jobs run',
  `const script = ${JSON.stringify(workerScript)};
   for (let round = 0; round < 3; ++round) {
     await Promise.all(['job', 'source', 'opening', 'idle'].map(async (way) => {
       const worker = new Worker(script, { eval: true, workerData: way });
       await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
       await sleep(20);
       await worker.terminate();
     }));
   }
   const session = new Engine().session('denoise', { sigma: 25 }, { quality: 'fast' });
   assert.equal((await session.run(noisy(64))).image.width, 64);`,
);

program(
  'process.exit while workers run, synchronously too',
  `const script = ${JSON.stringify(workerScript)};
   const sync = script.replace('job: () => session.run(noisy(64), { onProgress: () => {} })', "job: () => { parentPort.postMessage('begun'); session.runSync(noisy(64)); }");
   for (const text of [script, sync, sync]) {
     const worker = new Worker(text, { eval: true, workerData: 'job' });
     worker.on('error', () => {});
     await new Promise((resolve) => worker.once('message', resolve));
   }
   await sleep(100);
   process.exit(3);`,
  { status: 3 },
);

program(
  'a buffer goes from a worker to another thread while its job runs',
  `const session = new Engine().session('denoise', { sigma: 25 });
   const expected = session.runSync(noisy(128)).image.data;
   const image = noisy(128);
   const worker = new Worker("const { parentPort } = require('node:worker_threads'); parentPort.once('message', () => { parentPort.postMessage('gone'); });", { eval: true });
   const job = session.run(image);
   worker.postMessage(image.data, [image.data.buffer]);
   await new Promise((resolve) => worker.once('message', resolve));
   await worker.terminate();
   await collect();
   assert.deepEqual((await job).image.data, expected);`,
);

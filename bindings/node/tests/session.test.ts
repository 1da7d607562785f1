import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import {
  Engine,
  MirraError,
  Picture,
  createImage,
  version,
  writeImageSync,
  type Image,
  type Progress,
  type Rect,
} from 'mirra';

import { failure, noise } from './support';

const engine = new Engine();
after(() => engine.close());
const session = engine.session('denoise', { sigma: 25 });
const input = noise(64, 48, 3);
const expected = session.runSync(input).image.data;

function resizable(size: number): ArrayBuffer {
  const options = { maxByteLength: 2 * size };
  return Reflect.construct(ArrayBuffer, [size, options]) as ArrayBuffer;
}

test('a run gives an image like its input, and what it found', async () => {
  const found = engine.session('denoise', { sigma: 'auto' });
  const result = await found.run(input);
  assert.deepEqual([result.image.width, result.image.height, result.image.channels], [64, 48, 3]);
  assert.ok(result.image.data instanceof Uint8Array);
  assert.equal(typeof result.values.sigma_estimated, 'number');
  assert.equal(result.device, 'cpu');
  assert.ok(result.seconds > 0 && result.tileCount === 1);
  found.close();
});

test('run and runSync give the same, with and without callbacks', async () => {
  assert.deepEqual((await session.run(input)).image.data, expected);
  assert.deepEqual(session.runSync(input, { onProgress: () => undefined }).image.data, expected);
});

test('an ImageData goes in, and its kind of array comes out', async () => {
  const data = new Uint8ClampedArray(32 * 16 * 4).fill(200);
  const { image } = await session.run({ data, width: 32, height: 16 });
  assert.ok(image.data instanceof Uint8ClampedArray);
  assert.equal(image.data.length, data.length);
});

test('each type of array is used as it is', async () => {
  const idle = engine.session('denoise', { sigma: 25, strength: 0 });
  for (const [data, format] of [
    [new Uint16Array(32 * 16 * 3).fill(30000), 'u16'],
    [new Float32Array(32 * 16 * 3).fill(0.5), 'f32'],
    [Buffer.alloc(32 * 16 * 3, 128), 'u8'],
  ] as const) {
    const { image } = await idle.run({ data, width: 32, height: 16 });
    assert.equal(image.format, format);
    assert.equal(Math.abs(Number(image.data[0]) / Number(data[0]) - 1) < 1e-4, true);
  }
  idle.close();
});

test('a Buffer holds samples of 16 bits at any place', async () => {
  const plain = new Uint16Array(32 * 16).map((_, i) => 20000 + i);
  const data = Buffer.alloc(plain.byteLength + 1);
  Buffer.from(plain.buffer).copy(data, 1);
  const a = await session.run({ data: plain, width: 32, height: 16 });
  const b = await session.run({ data, width: 32, height: 16, format: 'u16', channels: 1, offset: 1 });
  assert.ok(Buffer.from(a.image.data.buffer).equals(b.image.data));
  const other = data.subarray(1).swap16();
  const c = await session.run({ data: other, width: 32, height: 16, format: 'u16_swapped' });
  assert.equal(c.image.format, 'u16_swapped');
  assert.ok(Buffer.from(a.image.data.buffer).equals(Buffer.from(c.image.data.buffer).swap16()));
});

test('the memory of an output is written where it lies', async () => {
  const output = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48 };
  const { image } = await session.run({ image: input, output });
  assert.equal(image, output);
  assert.deepEqual(output.data, expected);
});

test('a SharedArrayBuffer serves', async () => {
  const data = new Uint8Array(new SharedArrayBuffer(64 * 48 * 3));
  data.set(input.data);
  assert.deepEqual((await session.run({ data, width: 64, height: 48 })).image.data, expected);
});

test('parameters are an object of the schema', () => {
  const task = engine.task('denoise');
  assert.deepEqual(
    Object.keys(session.parameters),
    task.params.map(({ name }) => name),
  );
  const other = engine.session('denoise', { sigma: undefined, strength: 0.5 });
  assert.deepEqual([other.get('sigma'), other.get('strength')], ['auto', 0.5]);
  other.set({ sigma: 3, detail: 0.25 });
  assert.throws(() => other.set({ sigma: 4, detail: 7 }), failure('invalid_argument', 'detail'));
  assert.deepEqual([other.get('sigma'), other.get('detail')], [3, 0.25]);
  assert.throws(() => other.set({ sigma: NaN }), failure('invalid_argument', 'sigma'));
  assert.throws(() => other.set({ sigma: null as unknown as number }), failure('invalid_argument', 'sigma'));
  other.reset();
  assert.equal(other.get('sigma'), 'auto');
  other.close();
});

test('an error has its code, subject and hint', () => {
  assert.throws(
    () => session.set({ sigma: 1000 }),
    (error) => {
      assert.ok(error instanceof MirraError && error instanceof Error);
      assert.deepEqual(
        [error.name, error.code, error.status, error.subject],
        ['MirraError', 'invalid_argument', -1, 'sigma'],
      );
      assert.match(error.hint, /from 0 to 100/);
      return true;
    },
  );
});

test('progress comes, and never goes back', async () => {
  const news: Progress[] = [];
  await session.run(input, { onProgress: (progress) => void news.push(progress) });
  assert.equal(news.at(-1)?.fraction, 1);
  const fractions = news.map(({ fraction }) => fraction);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
  );
});

test('progress is an async iterator', async () => {
  const job = session.run(input);
  let last = 0;
  for await (const { fraction } of job) last = fraction;
  assert.equal(last, 1);
  assert.equal(job.poll().state, 'done');
  assert.deepEqual((await job).image.data, expected);
});

test('what a callback throws is what the run ends with', async () => {
  const thrown = { anything: true };
  const onProgress = (): never => {
    throw thrown;
  };
  await assert.rejects(session.run(input, { onProgress }), (error) => error === thrown);
  assert.throws(
    () => session.runSync(input, { onProgress }),
    (error) => error === thrown,
  );
  const onTile = (): never => {
    throw new RangeError('no more');
  };
  await assert.rejects(session.run(input, { onTile }), RangeError);
  assert.throws(() => session.runSync(input, { onTile }), RangeError);
  assert.deepEqual(session.runSync(input).image.data, expected);
});

test('a callback that gives false stops the run', async () => {
  await assert.rejects(session.run(input, { onProgress: () => false, onTile: () => undefined }), failure('cancelled'));
});

test('tiles cover the output', async () => {
  const tiled = engine.session('denoise', { sigma: 25 }, { tileSize: 256 });
  const big = noise(300, 200, 3);
  const tiles: Rect[] = [];
  const { tileCount } = await tiled.run(big, {
    onTile: (rect, output) => {
      assert.ok(output && !(output instanceof Picture) && output.width === 300);
      tiles.push(rect);
    },
  });
  assert.ok(tileCount > 1 && tiles.length > 1);
  assert.equal(
    tiles.reduce((sum, { width, height }) => sum + width * height, 0),
    300 * 200,
  );
  tiled.close();
});

test('a region is that part of the whole', async () => {
  const region = { x: 8, y: 4, width: 20, height: 10 };
  const { image } = await session.run(input, { region });
  assert.deepEqual([image.width, image.height], [20, 10]);
  const at = (x: number, y: number): number => expected[((region.y + y) * 64 + region.x + x) * 3] as number;
  for (const [x, y] of [
    [0, 0],
    [19, 9],
    [7, 5],
  ] as const)
    assert.ok(Math.abs((image.data[(y * 20 + x) * 3] as number) - at(x, y)) <= 1);
});

test('a scale gives a smaller preview', async () => {
  const { image } = await session.run(input, { scale: 0.5 });
  assert.deepEqual([image.width, image.height], [32, 24]);
});

test('several ports are named', async () => {
  const stylize = engine.session('stylize', { strength: 0.5 });
  const { image } = await stylize.run({ image: noise(64, 64, 3), style: noise(48, 48, 3, 7) });
  assert.ok('data' in image && image.width === 64);
  stylize.close();
  const invert = engine.session('invert');
  const { tensors } = await invert.run({ image: noise(64, 64, 3), features_out: true });
  const features = tensors.features_out;
  assert.ok(features && features.data.length === features.shape.reduce((a, b) => a * b));
  invert.close();
});

test('what cannot be an image is refused, with the port as subject', async () => {
  const bad: [unknown, string][] = [
    [{ data: new Uint8Array(10), width: 64, height: 48, channels: 3 }, 'image'],
    [{ data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3, rowStride: 1000 }, 'image'],
    [{ data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3, offset: 1 }, 'image'],
    [{ data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3, rowStride: -192 }, 'image'],
    [{ data: new Uint8Array(64 * 48 * 3), width: 64.5, height: 48, channels: 3 }, 'width'],
    [{ data: new Uint8Array(64 * 48 * 3), width: 0, height: 48, channels: 3 }, 'width'],
    [{ data: new Uint8Array(64 * 48 * 3), width: 2 ** 40, height: 48, channels: 3 }, 'width'],
    [{ data: new Float64Array(64 * 48 * 3), width: 64, height: 48 }, 'image'],
    [{ data: new Float32Array(64 * 48 * 3), width: 64, height: 48, format: 'u8' }, 'image'],
    [{ data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, alphaMode: 'none' }, 'alphaMode'],
    [{ planes: [], width: 64, height: 48 }, 'image'],
    [{ data: new Uint8Array(resizable(9216)), width: 64, height: 48 }, 'image'],
  ];
  for (const [image, subject] of bad)
    await assert.rejects(session.run({ image: image as Image }), failure('invalid_argument', subject));
  for (const none of [null, 5, 'text', undefined])
    await assert.rejects(session.run(none as unknown as Image), failure('invalid_argument'));
});

test('a second call meanwhile is busy, and a clone is not', async () => {
  const optimize = { method: 'optimize', iterations: 1000000, patience: 1000000, tolerance: 0 };
  const first = engine.session('invert', optimize);
  const second = first.clone();
  const job = first.run(noise(64, 64, 3));
  await assert.rejects(first.run(noise(64, 64, 3)), failure('busy'));
  second.set({ iterations: 2 });
  await second.run(noise(64, 64, 3));
  await job.close();
  assert.throws(() => job.poll(), failure('closed'));
  first.close();
  second.close();
});

test('objects that were closed say so', () => {
  const own = new Engine();
  const closed = own.session('denoise');
  closed.close();
  closed.close();
  assert.throws(() => closed.runSync(input), failure('closed', 'session'));
  assert.throws(() => closed.parameters, failure('closed', 'session'));
  own[Symbol.dispose]();
  assert.throws(() => own.tasks, failure('closed', 'engine'));
});

test('an engine says what there is', async () => {
  const tasks = engine.tasks.map(({ name }) => name);
  assert.ok(['denoise', 'stylize', 'invert'].every((name) => tasks.includes(name)));
  const denoise = engine.task('denoise');
  assert.deepEqual(denoise.qualities, ['fast', 'balanced', 'best']);
  assert.equal(denoise.params.find(({ name }) => name === 'sigma')?.default, 'auto');
  assert.equal(engine.devices[0]?.id, 'cpu');
  assert.ok(engine.plugins.every(({ loaded, taskCount }) => loaded && taskCount > 0));
  assert.ok(engine.bundles.some(({ task, quality }) => task === 'denoise' && quality === 'fast'));
  assert.equal((await engine.runtime()).usable, true);
  assert.equal(version().abi, 1);
  assert.throws(() => engine.task('denoize'), failure('not_found', 'denoize'));
});

test('an engine tells of its plugins, and its log comes', async () => {
  const loading: string[] = [];
  const messages: string[] = [];
  const own = new Engine({
    onLoading: (path) => void loading.push(path),
    log: (level, message) => void messages.push(`${level}: ${message}`),
  });
  assert.equal(loading.length, own.plugins.length);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(messages.some((text) => text.startsWith('info: loading the plugin')));
  own.close();
  const throwing = (): never => {
    throw new RangeError('not this one');
  };
  assert.throws(() => new Engine({ onLoading: throwing }), RangeError);
});

test('an engine that was shut down stops its jobs', async () => {
  const own = new Engine();
  const long = own.session('invert', { method: 'optimize', iterations: 1000000, patience: 1000000, tolerance: 0 });
  const job = long.run(noise(64, 64, 3));
  await Promise.all([own.shutdown(60), assert.rejects(job, failure('cancelled'))]);
  own.close();
});

test('createImage makes black pixels of a format', () => {
  const image = createImage({ width: 4, height: 3, channels: 2, format: 'u16' });
  assert.ok(image.data instanceof Uint16Array && image.data.length === 24);
  assert.equal(createImage({ width: 4, height: 3, channels: 2, format: 'u16_swapped' }).data.length, 48);
  assert.throws(
    () => createImage({ width: 4, height: 3, channels: 2, format: 'u32' as 'u16' }),
    failure('invalid_argument', 'format'),
  );
  assert.throws(() => createImage({ width: -1, height: 3, channels: 2 }), failure('invalid_argument', 'width'));
});

test('an option that there is not is refused, with the options that there are', () => {
  const options = { qualty: 'best' } as object;
  assert.throws(() => engine.session('denoise', {}, options), failure('invalid_argument', 'qualty'));
  assert.throws(() => engine.session('denoise', {}, options), /The options are: quality, bundle/);
  assert.throws(
    () => session.runSync(input, { onprogress: () => undefined } as object),
    failure('invalid_argument', 'onprogress'),
  );
  assert.throws(() => new Engine({ pluginpath: '/tmp' } as object), failure('invalid_argument', 'pluginpath'));
  assert.throws(() => Picture.readSync('in.png', { maxpixels: 1 } as object), failure('invalid_argument', 'maxpixels'));
  assert.throws(
    () => writeImageSync('out.png', input, { quality: 9 } as object),
    failure('invalid_argument', 'quality'),
  );
});

test('what is given in place of an image, a signal or a bundle is refused with what to give', async () => {
  const controller = new AbortController() as unknown as AbortSignal;
  await assert.rejects(session.run(input, { signal: controller }), /controller\.signal/);
  await assert.rejects(session.run('in.png' as never), /Picture\.read/);
  await assert.rejects(session.run({ image: 'in.png' }), /Picture\.read/);
  await assert.rejects(session.run(new Uint8Array(12) as never), /Give \{ data, width, height \}/);
  assert.throws(() => engine.session('denoise', {}, { bundle: 'a.mirra' as never }), /Bundle\.open/);
});

test("an error's message is all that it says", () => {
  const missing = (): unknown => Picture.readSync('missing.png');
  assert.throws(missing, { sentence: 'the file does not exist', subject: 'missing.png', hint: 'check the path' });
  assert.throws(missing, { message: 'missing.png: the file does not exist (check the path)' });
  assert.throws(
    () => engine.task('x'),
    ({ message }: Error) => message.startsWith("there is no task 'x' (The tasks are"),
  );
});

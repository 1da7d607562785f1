import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Engine, type Image, type Rect, type Sink, type Source } from 'mirra';

import { failure, noise } from './support';

const engine = new Engine();
after(() => engine.close());
const session = engine.session('denoise', { sigma: 25 }, { quality: 'fast' });
const whole = noise(96, 80, 3);
const expected = session.runSync(whole).image.data;

/** A rectangle of an image. */
function cut(image: Image<Uint8Array>, { x, y, width, height }: Rect): Image<Uint8Array> {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; ++row)
    data.set(
      image.data.subarray(((y + row) * image.width + x) * 3, ((y + row) * image.width + x + width) * 3),
      row * width * 3,
    );
  return { data, width, height };
}

function paste(into: Uint8Array, width: number, rect: Rect, image: Image): void {
  for (let row = 0; row < rect.height; ++row)
    into.set(
      image.data.subarray(row * rect.width * 3, (row + 1) * rect.width * 3),
      ((rect.y + row) * width + rect.x) * 3,
    );
}

function source(read: Source['read'] = (rect) => cut(whole, rect)): Source {
  return { width: 96, height: 80, channels: 3, format: 'u8', read };
}

test('a source and a sink give what the whole image gives', async () => {
  const out = new Uint8Array(expected.length);
  const sink: Sink = { channels: 3, format: 'u8', write: (rect, image) => paste(out, 96, rect, image) };
  await session.run({ image: source(), output: sink });
  assert.deepEqual(out, expected);
  out.fill(0);
  session.runSync({ image: source(), output: sink });
  assert.deepEqual(out, expected);
});

test('they may take their time', async () => {
  const out = new Uint8Array(expected.length);
  const read = async (rect: Rect): Promise<Image> => {
    await sleep(5);
    return cut(whole, rect);
  };
  const write = async (rect: Rect, image: Image): Promise<void> => {
    await sleep(5);
    paste(out, 96, rect, image);
  };
  await session.run({ image: source(read), output: { channels: 3, format: 'u8', write } });
  assert.deepEqual(out, expected);
});

test('a source alone gives an image', async () => {
  const { image } = await session.run(source());
  assert.ok('data' in image && image.data instanceof Uint8Array);
  assert.deepEqual(image.data, expected);
});

test('what they throw is what the run ends with', async () => {
  const thrown = new RangeError('no such part');
  const bad: Source['read'][] = [
    () => {
      throw thrown;
    },
    () => Promise.reject(thrown),
  ];
  for (const read of bad) await assert.rejects(session.run(source(read)), (error) => error === thrown);
  assert.throws(
    () => session.runSync(source(bad[0])),
    (error) => error === thrown,
  );
  const write = (): never => {
    throw thrown;
  };
  await assert.rejects(
    session.run({ image: whole, output: { channels: 3, format: 'u8', write } }),
    (error) => error === thrown,
  );
});

test('pixels that do not fit the rectangle are refused', async () => {
  await assert.rejects(session.run(source(() => noise(3, 3, 3))), failure('invalid_argument', 'pixels'));
  await assert.rejects(session.run(source(() => ({}) as Image)), failure('invalid_argument'));
  await assert.rejects(session.run(source(() => null as unknown as Image)), TypeError);
  assert.throws(() => session.runSync(source(() => Promise.resolve(whole))), failure('invalid_argument', 'source'));
});

test('a source that never answers can be aborted', async () => {
  const controller = new AbortController();
  const never = new Promise<Image>(() => undefined);
  const job = session.run(
    source(() => never),
    { signal: controller.signal },
  );
  await sleep(50);
  controller.abort(new RangeError('enough'));
  await assert.rejects(job, RangeError);
});

test('an answer that comes too late does nothing', async () => {
  const late = withResolvers();
  const controller = new AbortController();
  const job = session.run(
    source(() => late.promise),
    { signal: controller.signal },
  );
  await sleep(50);
  controller.abort();
  await assert.rejects(job, { name: 'AbortError' });
  late.resolve(whole);
  await sleep(20);
  assert.deepEqual(session.runSync(whole).image.data, expected);
});

test('a sink gets nothing of a run that was stopped before', async () => {
  const controller = new AbortController();
  const given: Image[] = [];
  const write = (_: Rect, image: Image): void => {
    given.push(image);
  };
  const { signal } = controller;
  const job = session.run({ image: whole, output: { channels: 3, format: 'u8', write } }, { signal });
  // The loop stands still meanwhile: the run has its first rectangle, and waits for somebody to take it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  controller.abort();
  await assert.rejects(job, { name: 'AbortError' });
  assert.deepEqual(given, []);
});

function withResolvers(): { promise: Promise<Image>; resolve: (image: Image) => void } {
  let resolve: (image: Image) => void = () => undefined;
  const promise = new Promise<Image>((settle) => (resolve = settle));
  return { promise, resolve };
}

test('a signal stops a run, or keeps it from beginning', async () => {
  await assert.rejects(session.run(whole, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.throws(() => session.runSync(whole, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const long = engine.session('invert', { method: 'optimize', iterations: 1000000, patience: 1000000, tolerance: 0 });
  await assert.rejects(long.run(noise(64, 64, 3), { signal: AbortSignal.timeout(100) }), { name: 'TimeoutError' });
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();
  assert.throws(() => long.runSync(noise(64, 64, 3), { signal: controller.signal, onProgress }), {
    name: 'AbortError',
  });
  long.close();
});

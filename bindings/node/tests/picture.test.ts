import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import {
  Engine,
  Picture,
  addNoise,
  checkWriteFile,
  checkWriteImage,
  compareImages,
  encodeImage,
  encodeImageSync,
  estimateNoise,
  printable,
  writeFile,
  writeImage,
} from 'mirra';

import { failure, noise, scratch } from './support';

const folder = scratch();
const image = noise(40, 30, 3);

test('a file is written and read again', async () => {
  const path = join(folder, 'a.png');
  assert.deepEqual(await writeImage(path, image), []);
  const picture = await Picture.read(path);
  const { data, width, height, channels, format } = picture.image();
  assert.deepEqual({ width, height, channels, format }, { width: 40, height: 30, channels: 3, format: 'u8' });
  assert.deepEqual(data, image.data);
  assert.equal(picture.info.fileFormat, 'png');
  picture.close();
  assert.throws(() => picture.info, failure('closed', 'picture'));
  assert.deepEqual(data, image.data); // the pixels stay
});

test('a file in memory', async () => {
  const png = await encodeImage(image, 'png');
  assert.deepEqual(encodeImageSync(image, 'png'), png);
  using picture = await Picture.decode(png);
  assert.deepEqual(picture.image().data, image.data);
  const jpeg = picture.encodeSync('jpeg', { jpegQuality: 50 });
  assert.equal(jpeg.readUInt16BE(0), 0xffd8);
  using small = Picture.decodeSync(jpeg);
  assert.deepEqual([small.width, small.height], [40, 30]);
});

test('errors name the file', async () => {
  const none = join(folder, 'none.png');
  await assert.rejects(Picture.read(none), failure('not_found', none));
  const broken = join(folder, 'broken.png');
  writeFileSync(broken, 'no picture');
  await assert.rejects(Picture.read(broken), (error) => failure('unsupported')(error) || failure('corrupt')(error));
  const there = join(folder, 'b.png');
  await writeImage(there, image);
  await assert.rejects(Picture.read(there, { maxPixels: 100 }), failure('limit', there));
  await assert.rejects(writeImage(join(folder, 'x.tga'), image), failure('unsupported', join(folder, 'x.tga')));
  assert.throws(() => checkWriteImage(join(folder, 'no', 'x.png'), image), failure('not_found'));
  assert.throws(() => checkWriteFile(join(folder, 'no', 'x')), failure('not_found'));
});

test('pixels of a picture are written in place', async () => {
  using picture = Picture.create({ width: 8, height: 8, channels: 1 });
  picture.image().data.fill(77);
  assert.ok(picture.image().data.every((value) => value === 77));
  using copy = Picture.decodeSync(await picture.encode('png'));
  assert.equal(copy.image().data[0], 77);
});

test('a picture over the pixels of an image', async () => {
  const own = noise(20, 20, 3);
  using picture = Picture.from(own);
  own.data.fill(9);
  assert.ok(picture.image().data.every((value) => value === 9));
  assert.equal((await compareImages(picture, own)).psnr, 80);
});

test('a picture over rows and pixels with gaps shows them as they lie', async () => {
  const layouts = [
    { name: 'gaps behind rows', pixelStride: 3, rowStride: 70, offset: 0 },
    { name: 'RGB of RGBA', pixelStride: 4, rowStride: 80, offset: 0 },
    { name: 'from below', pixelStride: 3, rowStride: -60, offset: 60 * 9 },
    { name: 'mirrored', pixelStride: -3, rowStride: 60, offset: 57 },
    { name: 'one row', pixelStride: 3, rowStride: 0, offset: 0 },
  ];
  for (const { name, ...layout } of layouts) {
    const length = Math.abs(layout.rowStride) * 9 + 20 * Math.abs(layout.pixelStride);
    const data = Uint8Array.from({ length }, (_, i) => (i * 37) % 251);
    const own = { data, width: 20, height: 10, channels: 3 as const, ...layout };
    using picture = Picture.from(own);
    const shown = picture.image();
    assert.ok(shown.data.byteLength <= length, `${name}: ${shown.data.byteLength} of ${length} bytes`);
    assert.equal((await compareImages(shown, own)).psnr, 80, name);
    shown.data.fill(5);
    assert.equal(own.data[layout.offset], 5, name);
  }
});

test('a picture over samples at odd places shows bytes', async () => {
  const memory = new Uint8Array(2 * 12 * 12 + 1);
  const own = { data: memory, width: 12, height: 12, channels: 1 as const, format: 'u16' as const, offset: 1 };
  using picture = Picture.from(own);
  const shown = picture.image();
  assert.ok(shown.data instanceof Uint8Array);
  assert.equal((await compareImages(shown, own)).psnr, 80);
});

test('colours are changed by one call alone', async () => {
  using tagged = Picture.decodeSync(makeTagged());
  using picture = Picture.decodeSync(makeTagged());
  const converted = picture.toSrgb();
  assert.throws(() => picture.info, failure('busy', 'picture'));
  assert.throws(() => picture.copyColor(tagged), failure('busy', 'picture'));
  await assert.rejects(picture.toSrgb(), failure('busy', 'picture'));
  await converted;
  const file = picture.encode('png', { metadata: tagged });
  assert.throws(() => tagged.copyColor(picture), failure('busy', 'picture'));
  await assert.rejects(tagged.toSrgb(), failure('busy', 'picture'));
  await file;
  tagged.copyColor(picture);
  const last = tagged.toSrgb();
  tagged.close();
  await last;
});

test('metadata goes along, and notes say what is lost', async () => {
  const profile = makeTagged();
  using picture = Picture.decodeSync(profile);
  assert.equal(picture.info.colorTag, 'gama');
  assert.equal(picture.metadata('exif'), null);
  using again = Picture.decodeSync(await picture.encode('png'));
  assert.ok(picture.hasSameColor(again));
  await again.toSrgb();
  assert.ok(!picture.hasSameColor(again));
  again.copyColor(picture);
  assert.ok(picture.hasSameColor(again));
});

/** A PNG that says gamma 1/1.8. */
function makeTagged(): Buffer {
  const png = encodeImageSync(image, 'png');
  const at = 8 + 25;
  const body = Buffer.from('67414d4100000000', 'hex'); // gAMA
  body.writeUInt32BE(55556, 4);
  const chunk = Buffer.alloc(16);
  chunk.writeUInt32BE(4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc(body), 12);
  return Buffer.concat([png.subarray(0, at), chunk, png.subarray(at)]);
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; ++bit) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

test('a picture goes through a session', async () => {
  const engine = new Engine();
  const session = engine.session('denoise', { sigma: 25 }, { quality: 'fast' });
  using picture = Picture.decodeSync(makeTagged());
  const result = await session.run(picture);
  assert.ok(result.image instanceof Picture);
  assert.ok(result.image.hasSameColor(picture));
  const direct = await session.run(image);
  assert.equal(result.image.image().data.length, direct.image.data.length);
  session.close();
  engine.close();
});

test('noise is added and estimated', async () => {
  const flat = { data: new Uint8Array(128 * 128).fill(128), width: 128, height: 128 };
  await addNoise(flat, 10, 3);
  const sigma = await estimateNoise(flat);
  assert.ok(sigma > 8 && sigma < 12, `${sigma}`);
  const again = { data: new Uint8Array(128 * 128).fill(128), width: 128, height: 128 };
  await addNoise(again, 10, 3n);
  assert.deepEqual(again.data, flat.data);
});

test('bytes are written whole, and texts made printable', async () => {
  const path = join(folder, 'bytes');
  await writeFile(path, Buffer.from('abc'));
  assert.equal(readFileSync(path, 'utf8'), 'abc');
  assert.equal(printable('a\u001b[2J'), 'a\\x1b[2J');
});

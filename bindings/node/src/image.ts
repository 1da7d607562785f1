import { invalid } from './errors';
import {
  alphaModeValues,
  formatValues,
  transferValues,
  type AlphaMode,
  type Format,
  type Rect,
  type Transfer,
} from './generated';
import type { NativeImage } from './native';

/** The arrays that pixels lie in. A Buffer is a Uint8Array. */
export type PixelArray = Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;

/** What pixels are. */
export interface PixelDescription {
  /** In pixels, from 1. */
  width: number;
  /** In pixels, from 1. */
  height: number;
  /**
   * What the samples are. By default the array says it: `'u8'`, `'u16'` or `'f32'`. State it for `'f16'` in a
   * Uint16Array, and for samples of several bytes in a Uint8Array or Buffer. Those are in the byte order of this machine;
   * `'u16_swapped'` is the other one: on most machines big-endian, as in PNG and TIFF files.
   */
  format?: Format | undefined;
  /** By default `'straight'`. */
  alphaMode?: AlphaMode | undefined;
  /** By default `'encoded'`: sRGB, or what the ICC profile says. */
  transfer?: Transfer | undefined;
  /** ICC profile of the pixels, at most 64 MiB; by default they are sRGB. */
  icc?: Uint8Array | undefined;
}

/** How pixels lie in memory. By default without gaps. */
export interface PixelLayout {
  /** Bytes from a pixel to the next in its row; negative ones go back. */
  pixelStride?: number | undefined;
  /** Bytes from a row to the next; negative ones go up, and 0 shows one row over and over. */
  rowStride?: number | undefined;
  /** Bytes from the beginning of the array to the first pixel of the first row; 0 by default. */
  offset?: number | undefined;
}

/**
 * Pixels in an array, channels side by side: gray, gray and alpha, RGB or RGBA. An `ImageData` is one.
 *
 * The array is used where it lies and never copied. It may belong to a SharedArrayBuffer. It may be transferred to
 * another thread while a job runs: the job keeps the memory.
 */
export interface Image<T extends PixelArray = PixelArray> extends PixelDescription, PixelLayout {
  /** The samples. */
  data: T;
  /** From 1 (gray) to 4 (RGBA). By default the number that the length of the array gives. */
  channels?: 1 | 2 | 3 | 4 | undefined;
}

/** Pixels with an array for each channel, in the order R G B A. All have the same strides. */
export interface PlanarImage<T extends PixelArray = PixelArray> extends PixelDescription, PixelLayout {
  /** An array for each channel. */
  planes: readonly T[];
}

/** A picture that is read piece by piece and never is in memory as a whole. */
export interface Source extends PixelDescription {
  /** 1 (gray) or 3 (RGB). */
  channels: 1 | 3;
  format: Format;
  /**
   * Gives the pixels of a rectangle, in the source's format and channels. It may give a promise of them, but not in
   * `runSync`. What it throws ends the run, and is what the run is rejected with.
   */
  read(rect: Rect): Image | PlanarImage | Promise<Image | PlanarImage>;
}

/** A picture that is written piece by piece. */
export interface Sink extends Omit<PixelDescription, 'width' | 'height'> {
  /** By default that of the run's output. */
  width?: number | undefined;
  /** By default that of the run's output. */
  height?: number | undefined;
  /** 1 (gray) or 3 (RGB). */
  channels: 1 | 3;
  format: Format;
  /** Takes a rectangle of the output; each pixel comes once. The image is the callee's. Otherwise as {@link Source}. */
  write(rect: Rect, image: Image): void | Promise<void>;
}

const sampleSizes = { u8: 1, u16: 2, f16: 2, f32: 4, u16_swapped: 2 } as const satisfies Record<Format, number>;

function checkFormat(format: Format): void {
  if (!Object.hasOwn(formatValues, format))
    throw invalid('format', `must be one of ${Object.keys(formatValues).join(', ')}`);
}

export function isPlanar(image: Image | PlanarImage): image is PlanarImage {
  return 'planes' in image;
}

/** The format of an image's samples, checked against its array. */
export function formatOf(image: PixelDescription, array: PixelArray, what: string): Format {
  const is = array instanceof Uint16Array ? 'u16' : array instanceof Float32Array ? 'f32' : 'u8';
  const format = image.format ?? is;
  checkFormat(format);
  const fits = is === format || is === 'u8' || (is === 'u16' && format === 'f16');
  if (!fits) throw invalid(what, `cannot be ${format} in this type of array`);
  return format;
}

function checkArray(array: unknown, what: string): asserts array is PixelArray {
  const fits =
    array instanceof Uint8Array ||
    array instanceof Uint8ClampedArray ||
    array instanceof Uint16Array ||
    array instanceof Float32Array;
  if (!fits) throw invalid(what, 'must have a Uint8Array, Uint8ClampedArray, Uint16Array, Float32Array or Buffer');
  // Memory that shrinks is unmapped under whoever reads it.
  if ((array.buffer as { resizable?: boolean }).resizable)
    throw invalid(what, 'is in a resizable ArrayBuffer; use one of a fixed length');
}

/** The arrays of an image, one or a plane for each channel. */
function arraysOf(image: Image | PlanarImage, what: string): [PixelArray, ...PixelArray[]] {
  const [first, ...others] = isPlanar(image) ? image.planes : [image.data];
  for (const array of [first, ...others]) checkArray(array, what);
  return [first as PixelArray, ...others];
}

/** The channels of an image. */
export function channelsOf(image: Image | PlanarImage, what: string): number {
  if (isPlanar(image)) return image.planes.length;
  if (image.channels !== undefined) return image.channels;
  const bytes = sampleSizes[formatOf(image, image.data, what)];
  const channels = image.data.byteLength / (image.width * image.height * bytes);
  if (![1, 2, 3, 4].includes(channels)) throw invalid(what, "has no 'channels', and its length does not tell them");
  return channels;
}

function code(words: Readonly<Record<string, number>>, word: string, what: string): number {
  const value = Object.hasOwn(words, word) ? words[word] : undefined;
  if (value === undefined) throw invalid(what, `must be one of ${Object.keys(words).join(', ')}`);
  return value;
}

/** All numbers of an image, in the addon's order. */
function toNumbers(image: PixelDescription, channels: number, format: Format): Float64Array {
  const alphaMode = code(alphaModeValues, image.alphaMode ?? 'straight', 'alphaMode');
  const transfer = code(transferValues, image.transfer ?? 'encoded', 'transfer');
  const numbers = new Float64Array(9);
  numbers[0] = image.width;
  numbers[1] = image.height;
  numbers[2] = formatValues[format];
  numbers[3] = channels;
  numbers[4] = alphaMode;
  numbers[5] = transfer;
  return numbers;
}

/** An image as the addon takes it. @throws MirraError */
export function toNative(image: Image | PlanarImage, what: string): NativeImage {
  const views = arraysOf(image, what);
  const format = formatOf(image, views[0], what);
  const channels = channelsOf(image, what);
  const numbers = toNumbers(image, channels, format);
  const pixelStride = image.pixelStride ?? sampleSizes[format] * (isPlanar(image) ? 1 : channels);
  numbers[6] = pixelStride;
  numbers[7] = image.rowStride ?? pixelStride * image.width;
  numbers[8] = image.offset ?? 0;
  return { views, numbers, icc: image.icc };
}

/** What a source or sink is, as the addon takes it. @throws MirraError */
export function toNativeDescription(stream: Source | Sink, size: { width: number; height: number }): NativeImage {
  const { format, channels, icc } = stream;
  checkFormat(format);
  return { views: [], numbers: toNumbers({ ...stream, ...size }, channels, format), icc };
}

/** Black samples in the type of array that shows them as numbers; in bytes where none does. */
function createSamples(format: Format, count: number): PixelArray {
  if (format === 'u8' || format === 'u16_swapped') return new Uint8Array(count * sampleSizes[format]);
  return format === 'f32' ? new Float32Array(count) : new Uint16Array(count);
}

/** A black image without gaps: `createImage({ width: 640, height: 480, channels: 3 })`. */
export function createImage(
  description: PixelDescription & { channels: 1 | 2 | 3 | 4 },
): Image<Uint8Array> | Image<Uint16Array> | Image<Float32Array> {
  const { width, height, channels, format = 'u8' } = description;
  checkFormat(format);
  for (const [name, side] of Object.entries({ width, height }))
    if (!Number.isInteger(side) || side < 1 || side >= 2 ** 31) throw invalid(name, 'must be a whole number from 1');
  return { ...description, format, data: createSamples(format, width * height * channels) } as Image<Uint8Array>;
}

/** An image of another size as `image` is: the same type of array, format, colours and order of channels. */
export function createLike(
  image: Image | PlanarImage,
  size: { width: number; height: number },
  channels: number,
): Image | PlanarImage {
  const { alphaMode, transfer, icc } = image;
  const same = { ...size, ...(alphaMode && { alphaMode }), ...(transfer && { transfer }), ...(icc && { icc }) };
  const [array] = arraysOf(image, 'image');
  const format = formatOf(image, array, 'image');
  const count = size.width * size.height;
  const create = (samples: number): PixelArray =>
    array instanceof Uint8ClampedArray
      ? new Uint8ClampedArray(samples)
      : array instanceof Uint8Array
        ? new Uint8Array(samples * sampleSizes[format])
        : createSamples(format, samples);
  if (isPlanar(image)) return { planes: Array.from({ length: channels }, () => create(count)), ...same, format };
  return { data: create(count * channels), ...same, channels: channels as 1 | 2 | 3 | 4, format };
}

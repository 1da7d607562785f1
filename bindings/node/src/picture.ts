import { MirraError, checkOptions, invalid, type OptionNames } from './errors';
import {
  formatValues,
  metadataValues,
  statusValues,
  type Comparison,
  type Format,
  type Metadata,
  type PictureInfo as FileInfo,
} from './generated';
import { toNative, type Image, type PlanarImage } from './image';
import { native, type Handle, type NativeImage, type NativeWriteOptions } from './native';

/** How a file is read. */
export interface ReadOptions {
  /** Files with more pixels are refused before memory is taken; by default 2^28. */
  maxPixels?: number;
}

/** A format of picture files. A build of Mirra may lack TIFF, WebP and JPEG XL. */
export type FileFormat = 'png' | 'jpeg' | 'tiff' | 'webp' | 'jxl';

/** How a file is written. */
export interface WriteOptions {
  /** Of a JPEG, WebP or JPEG XL, 1 ... 100; by default 95. In WebP and JPEG XL 100 is lossless. */
  jpegQuality?: number;
  /** Of a PNG: 8 or 16; of a TIFF or JPEG XL also 32, real numbers. By default as the image has it. */
  bitDepth?: 8 | 16 | 32;
  /** The picture whose metadata and, where the image has no profile of its own, colour tags go along. */
  metadata?: Picture;
  /** By default the ending of the file's name says it. */
  format?: FileFormat;
}

/** What a picture is, and what its file was. */
export interface PictureInfo extends FileInfo {
  /** Sentences about what the file had and the picture lacks. */
  notes: string[];
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** From 1 (gray) to 4 (RGBA). */
  channels: 1 | 2 | 3 | 4;
  /** What the samples are. */
  format: Format;
}

const handles = new WeakMap<Picture, Handle>();

/** How many calls on other threads read the colours of a picture; {@link changing}: one changes them. */
const calls = new WeakMap<Picture, number>();
const changing = -1;

function busy(): MirraError {
  return new MirraError(
    'busy',
    statusValues.busy,
    'the picture is in use by another call',
    'picture',
    'await that call',
  );
}

/** The addon's handle of a picture. */
export function handleOf(picture: Picture): Handle {
  const handle = handles.get(picture);
  if (handle === undefined) throw invalid('picture', 'must be a Picture');
  if (calls.get(picture) === changing) throw busy();
  return handle;
}

/** The same for a call that changes the picture's colours, which others may be reading. */
function handleToChange(picture: Picture): Handle {
  const handle = handleOf(picture);
  if (calls.get(picture)) throw busy();
  return handle;
}

/** Calls `call`, until whose end the colours of pictures stay what they are. */
async function reading<T>(
  images: readonly (Image | PlanarImage | Picture | undefined)[],
  call: () => Promise<T>,
): Promise<T> {
  const pictures = images.filter((image) => image instanceof Picture);
  const count = (by: number): void => {
    for (const picture of pictures) calls.set(picture, (calls.get(picture) ?? 0) + by);
  };
  count(1);
  try {
    return await call();
  } finally {
    count(-1);
  }
}

/** Pixels of the addon's, whatever they are in. */
export function pixelsOf(image: Image | PlanarImage | Picture, what: string): Handle | NativeImage {
  return image instanceof Picture ? handleOf(image) : toNative(image, what);
}

const readOptionNames: OptionNames<ReadOptions> = { maxPixels: true };

function maxPixelsOf(options: ReadOptions): number | undefined {
  checkOptions(options, readOptionNames, 'reading');
  return options.maxPixels;
}

const writeOptionNames: OptionNames<WriteOptions> = { jpegQuality: true, bitDepth: true, metadata: true, format: true };

function toWriting(options: WriteOptions): NativeWriteOptions {
  checkOptions(options, writeOptionNames, 'writing');
  return {
    jpegQuality: options.jpegQuality ?? 0,
    bitDepth: options.bitDepth ?? 0,
    format: options.format,
    metadata: options.metadata && handleOf(options.metadata),
  };
}

/**
 * A picture of the library's: the pixels of a file with their metadata.
 *
 * It is closed by `close()` or `using`, or else when it is collected as garbage. Safe to use while jobs read it. While
 * {@link toSrgb} is at work, other calls throw `'busy'`; so does what changes its colours while it is being written.
 */
export class Picture {
  private constructor(handle: Handle) {
    handles.set(this, handle);
  }

  /** Reads a PNG, JPEG, TIFF, WebP or JPEG XL file. The picture is upright: an EXIF orientation has been applied. */
  static async read(path: string, options: ReadOptions = {}): Promise<Picture> {
    return new Picture(await native.pictureRead(path, maxPixelsOf(options)));
  }

  /** As {@link read}; the event loop waits. */
  static readSync(path: string, options: ReadOptions = {}): Picture {
    return new Picture(native.pictureReadSync(path, maxPixelsOf(options)));
  }

  /** Reads a file in memory. */
  static async decode(bytes: Uint8Array, options: ReadOptions = {}): Promise<Picture> {
    return new Picture(await native.pictureDecode(bytes, maxPixelsOf(options)));
  }

  /** As {@link decode}; the event loop waits. */
  static decodeSync(bytes: Uint8Array, options: ReadOptions = {}): Picture {
    return new Picture(native.pictureDecodeSync(bytes, maxPixelsOf(options)));
  }

  /** A black (and transparent) picture. */
  static create(description: { width: number; height: number; channels: 1 | 2 | 3 | 4; format?: Format }): Picture {
    const { width, height, channels, format = 'u8' } = description;
    return new Picture(native.pictureCreate(width, height, formatValues[format], channels));
  }

  /** A picture over the pixels of an image, without a copy: it keeps their memory. */
  static from(image: Image | PlanarImage): Picture {
    return new Picture(native.pictureWrap(toNative(image, 'image')));
  }

  /** What the picture is, and what its file was. */
  get info(): PictureInfo {
    return native.pictureInfo(handleOf(this));
  }

  /** In pixels. */
  get width(): number {
    return this.info.width;
  }

  /** In pixels. */
  get height(): number {
    return this.info.height;
  }

  /**
   * The pixels, without a copy: what is written to them is written to the picture. They stay when the picture is
   * closed. A picture over planes gives a copy.
   */
  image(): Image {
    return native.pictureImage(handleOf(this));
  }

  /** What the file held beside the pixels, or null. */
  metadata(kind: Metadata): Buffer | null {
    return native.pictureMetadata(handleOf(this), metadataValues[kind]);
  }

  /** Gives the picture the colour tags of another one. The pixels stay as they are. */
  copyColor(source: Picture): void {
    native.pictureCopyColor(handleToChange(this), handleOf(source));
  }

  /** Whether the tags of two pictures mean the same colours; false too where that cannot be told. */
  hasSameColor(other: Picture): boolean {
    return native.pictureSameColor(handleOf(this), handleOf(other));
  }

  /** Converts the pixels to sRGB, and tags them so. Colours that sRGB lacks are clipped. */
  async toSrgb(): Promise<void> {
    const handle = handleToChange(this);
    calls.set(this, changing);
    try {
      await native.pictureToSrgb(handle);
    } finally {
      calls.delete(this);
    }
  }

  /** As {@link toSrgb}; the event loop waits. */
  toSrgbSync(): void {
    native.pictureToSrgbSync(handleToChange(this));
  }

  /** Writes the picture as {@link writeImage} does, by default with its own metadata. */
  write(path: string, options: WriteOptions = {}): Promise<string[]> {
    return writeImage(path, this, { metadata: this, ...options });
  }

  /** As {@link write}; the event loop waits. */
  writeSync(path: string, options: WriteOptions = {}): string[] {
    return writeImageSync(path, this, { metadata: this, ...options });
  }

  /** The file in memory, as {@link encodeImage} makes it, by default with the picture's own metadata. */
  encode(format: FileFormat, options: WriteOptions = {}): Promise<Buffer> {
    return encodeImage(this, format, { metadata: this, ...options });
  }

  /** As {@link encode}; the event loop waits. */
  encodeSync(format: FileFormat, options: WriteOptions = {}): Buffer {
    return encodeImageSync(this, format, { metadata: this, ...options });
  }

  /** Gives the pixels up, once nothing uses them any more. Using the picture afterwards throws. */
  close(): void {
    native.close(handles.get(this) as Handle);
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Writes a picture file: readers see the old file or the new one, never a part. JPEG has no alpha, so that the image
 * is laid over white.
 *
 * @returns sentences about what the metadata's file had and this one lacks
 */
export async function writeImage(
  path: string,
  image: Image | PlanarImage | Picture,
  options: WriteOptions = {},
): Promise<string[]> {
  const pixels = pixelsOf(image, 'image');
  const writing = toWriting(options);
  return reading([image, options.metadata], () => native.imageWrite(path, pixels, writing));
}

/** As {@link writeImage}; the event loop waits. */
export function writeImageSync(
  path: string,
  image: Image | PlanarImage | Picture,
  options: WriteOptions = {},
): string[] {
  return native.imageWriteSync(path, pixelsOf(image, 'image'), toWriting(options));
}

/** A picture file in memory. */
export async function encodeImage(
  image: Image | PlanarImage | Picture,
  format: FileFormat,
  options: WriteOptions = {},
): Promise<Buffer> {
  const pixels = pixelsOf(image, 'image');
  const writing = toWriting({ ...options, format });
  return reading([image, options.metadata], () => native.imageEncode(pixels, writing));
}

/** As {@link encodeImage}; the event loop waits. */
export function encodeImageSync(
  image: Image | PlanarImage | Picture,
  format: FileFormat,
  options: WriteOptions = {},
): Buffer {
  return native.imageEncodeSync(pixelsOf(image, 'image'), toWriting({ ...options, format }));
}

/** Throws what {@link writeImage} would throw for the path, the format and the image's size alone. Nothing is written. */
export function checkWriteImage(path: string, image?: Image | PlanarImage | Picture, options: WriteOptions = {}): void {
  native.imageCheckWrite(path, image && pixelsOf(image, 'image'), toWriting(options));
}

/**
 * Adds Gaussian noise to the colours of an image, in place. The same seed gives the same noise on every machine.
 *
 * @param sigma standard deviation, in units of 1/255
 */
export async function addNoise(
  image: Image | PlanarImage | Picture,
  sigma: number,
  seed: number | bigint = 0,
): Promise<void> {
  await native.imageAddNoise(pixelsOf(image, 'image'), sigma, seed);
}

/** As {@link addNoise}; the event loop waits. */
export function addNoiseSync(image: Image | PlanarImage | Picture, sigma: number, seed: number | bigint = 0): void {
  native.imageAddNoiseSync(pixelsOf(image, 'image'), sigma, seed);
}

/**
 * Estimates the standard deviation of the noise in units of 1/255, as tasks do where `sigma` is `'auto'`. The image needs
 * 16 pixels on each side.
 */
export async function estimateNoise(image: Image | PlanarImage | Picture): Promise<number> {
  return native.imageEstimateNoise(pixelsOf(image, 'image'));
}

/** As {@link estimateNoise}; the event loop waits. */
export function estimateNoiseSync(image: Image | PlanarImage | Picture): number {
  return native.imageEstimateNoiseSync(pixelsOf(image, 'image'));
}

/** Says how alike two images of equal size are. */
export async function compareImages(
  a: Image | PlanarImage | Picture,
  b: Image | PlanarImage | Picture,
): Promise<Comparison> {
  return native.imageCompare(pixelsOf(a, 'a'), pixelsOf(b, 'b'));
}

/** As {@link compareImages}; the event loop waits. */
export function compareImagesSync(a: Image | PlanarImage | Picture, b: Image | PlanarImage | Picture): Comparison {
  return native.imageCompareSync(pixelsOf(a, 'a'), pixelsOf(b, 'b'));
}

// How the conformance cases lay pictures out in memory.

import type { AlphaMode, Color, Format, Image, PlanarImage, Transfer } from 'mirra';

/** A picture of the conformance suite: samples interleaved, packed, rows from above. */
export interface Sample {
  width: number;
  height: number;
  format: Format;
  color: Color;
  bytes: Uint8Array;
}

export interface Layout {
  layout?: 'planar';
  row_padding?: number;
  pixel_padding?: number;
  flip?: boolean;
  mirror?: boolean;
  order?: 'reversed';
  broadcast?: 'rows';
  alpha?: AlphaMode;
  transfer?: Transfer;
}

export const channelCounts = { gray: 1, gray_alpha: 2, rgb: 3, rgba: 4 } as const satisfies Record<Color, number>;
export const sampleSizes = { u8: 1, u16: 2, f16: 2, f32: 4, u16_swapped: 2 } as const satisfies Record<Format, number>;
const padding = 0xaa;
const fields = 'layout row_padding pixel_padding flip mirror order broadcast alpha transfer'.split(' ');

/** Whether a format is used with an array of bytes. */
function isBytes(format: Format): boolean {
  return format === 'u8' || format === 'u16_swapped';
}

/** Bytes in the array that their format is used with. */
export function typed(bytes: Uint8Array, format: Format): Uint8Array | Uint16Array | Float32Array {
  const memory = new Uint8Array(bytes).buffer;
  return isBytes(format)
    ? new Uint8Array(memory)
    : format === 'f32'
      ? new Float32Array(memory)
      : new Uint16Array(memory);
}

/** An image in memory of its own, with the places of its samples. */
export class LaidOut {
  readonly image: Image | PlanarImage;
  readonly #memory: Uint8Array;
  readonly #places: Int32Array;
  readonly #size: number;

  constructor(sample: Omit<Sample, 'bytes'>, layout: Layout) {
    for (const field of Object.keys(layout)) if (!fields.includes(field)) throw new Error(`unknown field ${field}`);
    const { width, height, format, color } = sample;
    const channels = channelCounts[color];
    const size = (this.#size = sampleSizes[format]);
    const planar = layout.layout === 'planar';
    const pixel = size * (planar ? 1 : channels) + (layout.pixel_padding ?? 0);
    const row = pixel * width + (layout.row_padding ?? 0);
    const plane = row * (layout.broadcast ? 1 : height);
    this.#memory = new Uint8Array(plane * (planar ? channels : 1)).fill(padding);
    const pixelStride = layout.mirror ? -pixel : pixel;
    const rowStride = layout.broadcast ? 0 : layout.flip ? -row : row;
    const offset = (layout.flip ? row * (height - 1) : 0) + (layout.mirror ? pixel * (width - 1) : 0);
    const channelOffset = (channel: number): number =>
      planar ? channel * plane : size * (layout.order ? channels - 1 - channel : channel);
    this.#places = new Int32Array(width * height * channels);
    for (let y = 0, i = 0; y < height; ++y)
      for (let x = 0; x < width; ++x)
        for (let channel = 0; channel < channels; ++channel)
          this.#places[i++] = offset + y * rowStride + x * pixelStride + channelOffset(channel);
    const common = { width, height, format, alphaMode: layout.alpha, transfer: layout.transfer };
    const strides = { pixelStride, rowStride, offset };
    if (planar || layout.order)
      this.image = {
        ...common,
        ...strides,
        planes: Array.from({ length: channels }, (_, channel) => this.#memory.subarray(channelOffset(channel))),
      };
    else if (Object.keys(layout).every((key) => ['alpha', 'transfer'].includes(key)))
      // Nothing is said of the layout: an array of the samples' own type, and no more than needs be said.
      this.image = { ...common, data: shared(this.#memory, format), channels };
    else this.image = { ...common, ...strides, data: this.#memory, channels };
  }

  write(bytes: Uint8Array): void {
    this.#places.forEach((place, i) => {
      for (let k = 0; k < this.#size; ++k) this.#memory[place + k] = bytes[i * this.#size + k] ?? 0;
    });
  }

  read(): Uint8Array {
    const bytes = new Uint8Array(this.#places.length * this.#size);
    this.#places.forEach((place, i) => {
      for (let k = 0; k < this.#size; ++k) bytes[i * this.#size + k] = this.#memory[place + k] ?? 0;
    });
    return bytes;
  }

  /** Whether no byte beside the samples was written. */
  hasCleanPadding(): boolean {
    const rest = this.#memory.slice();
    this.#places.forEach((place) => rest.fill(padding, place, place + this.#size));
    return rest.every((byte) => byte === padding);
  }
}

function shared(memory: Uint8Array, format: Format): Uint8Array | Uint16Array | Float32Array {
  const { buffer } = memory;
  return isBytes(format) ? memory : format === 'f32' ? new Float32Array(buffer) : new Uint16Array(buffer);
}

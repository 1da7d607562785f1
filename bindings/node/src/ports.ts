import type { Task } from './engine';
import { invalid } from './errors';
import { typeValues, type PortFlag, type PortInfo, type Rect } from './generated';
import {
  channelsOf,
  createImage,
  createLike,
  toNative,
  toNativeDescription,
  type Image,
  type PlanarImage,
  type Sink,
  type Source,
} from './image';
import type { RunResult } from './job';
import { PortKind, native, type Handle, type NativePort, type NativeResult, type StreamCallback } from './native';
import { Picture, handleOf } from './picture';
import { isTensor, toRecord, type Tensor } from './tensor';

/** What goes to a port: an image, a tensor or a plain value. `true` at an output asks for it. */
export type PortValue = Image | PlanarImage | Picture | Source | Sink | Tensor | string | number | bigint | boolean;

/** Values by the names of ports: `{ image, style, output }`. */
export type PortValues = Readonly<Record<string, PortValue | undefined>>;

/** What a run takes: the image for the first image input, or values by the names of ports. */
export type RunInput = Image | PlanarImage | Picture | Source | PortValues;

/** The sides of an image. */
export interface Size {
  width: number;
  height: number;
}

function isImage(value: object): value is Image | PlanarImage {
  return ArrayBuffer.isView((value as Image).data) || Array.isArray((value as PlanarImage).planes);
}

function isSource(value: object): value is Source {
  return typeof (value as Source).read === 'function';
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}

function isSink(value: object): value is Sink {
  return typeof (value as Sink).write === 'function' && !(value instanceof Picture);
}

/** What the sides of a region or a reduced image become. */
export interface Extent {
  region?: Rect | undefined;
  scale?: number | undefined;
}

/** An output as the first input is, but in colours where the task draws in them. */
function createOutput(
  first: Image | PlanarImage | Picture | Source,
  flags: readonly PortFlag[],
  size: Size,
): Image | PlanarImage | Picture {
  const colored = (channels: number): 1 | 2 | 3 | 4 =>
    (flags.includes('colored') && channels < 3 ? channels + 2 : channels) as 1 | 2 | 3 | 4;
  if (first instanceof Picture) {
    const { channels, format } = first.info;
    const picture = Picture.create({ ...size, channels: colored(channels), format });
    picture.copyColor(first);
    return picture;
  }
  if (!isSource(first)) return createLike(first, size, colored(channelsOf(first, 'image')));
  const { format, alphaMode, transfer, icc, channels } = first;
  return createImage({ ...size, format, alphaMode, transfer, icc, channels: colored(channels) });
}

/** The values at a session's ports for a run, as the addon takes them, with the outputs that were made for it. */
export class Ports {
  readonly values: NativePort[] = [];
  readonly #images: Record<string, Image | PlanarImage | Picture> = {};
  readonly #task: Task;
  readonly #sync: boolean;
  #first: Image | PlanarImage | Picture | Source | undefined;

  constructor(
    task: Task,
    input: RunInput,
    extent: Extent,
    sizeOf: (width: number, height: number) => Size,
    sync: boolean,
  ) {
    this.#task = task;
    this.#sync = sync;
    const given = this.#byName(input);
    for (const name of Object.keys(given))
      if (!task.ports.some((port) => port.name === name))
        this.values.push({ name, kind: PortKind.ask, value: undefined });
    for (const port of task.ports) if (port.direction === 'input') this.#addInput(port, given[port.name]);
    let size: Size | undefined;
    const outputSize = (): Size => (size ??= this.#outputSize(extent, sizeOf));
    for (const port of task.ports) if (port.direction === 'output') this.#addOutput(port, given[port.name], outputSize);
  }

  /** The image at the first image output. */
  get firstImage(): Image | PlanarImage | Picture | undefined {
    const port = this.#task.ports.find(({ type, direction }) => type === 'image' && direction === 'output');
    return port && this.#images[port.name];
  }

  toResult(result: NativeResult): RunResult {
    // What the addon gave is completed, not copied: small runs notice.
    return Object.assign(result as Omit<NativeResult, 'tensors'>, {
      image: this.firstImage as Image,
      images: this.#images,
      tensors: toRecord(result.tensors),
    });
  }

  #byName(input: RunInput): PortValues {
    if (typeof input !== 'object' || (input as unknown) === null)
      throw invalid('input', 'must be an image or ports', 'Read a file by Picture.read.');
    if (ArrayBuffer.isView(input))
      throw invalid('input', 'is an array: its size is missing', 'Give { data, width, height }.');
    if (!(input instanceof Picture) && !isImage(input) && !isSource(input)) return input;
    const port = this.#task.ports.find(({ type, direction }) => type === 'image' && direction === 'input');
    if (!port) throw invalid('input', `of the task ${this.#task.name} has no image: name its ports`);
    return { [port.name]: input };
  }

  #addInput({ name, type }: PortInfo, value: PortValue | undefined): void {
    if (value === undefined) return;
    if (type === 'image') {
      this.#addImage(name, value);
    } else if (type === 'tensor') {
      if (!isTensor(value)) throw invalid(name, 'must be a tensor: { data, shape }');
      this.values.push({ name, kind: PortKind.tensor, value });
    } else {
      this.values.push({ name, kind: PortKind.plain, value, type: typeValues[type] });
    }
  }

  #addImage(name: string, value: PortValue): void {
    if (typeof value !== 'object') throw invalid(name, 'must be an image', 'Read a file by Picture.read.');
    if (value instanceof Picture) {
      this.values.push({ name, kind: PortKind.picture, value: handleOf(value) });
    } else if (isSource(value)) {
      this.values.push({
        name,
        kind: PortKind.source,
        value: toNativeDescription(value, value),
        callback: this.#reading(value),
      });
    } else if (isImage(value)) {
      this.values.push({ name, kind: PortKind.read, value: toNative(value, name) });
    } else {
      throw invalid(name, 'must be an image, a picture or a source');
    }
    this.#first ??= value;
  }

  #addOutput(port: PortInfo, value: PortValue | undefined, size: () => Size): void {
    const { name, type, flags } = port;
    const wanted = value ?? !flags.includes('optional');
    if (wanted === false) return;
    if (type !== 'image') {
      if (value !== undefined) this.values.push({ name, kind: PortKind.ask, value: undefined });
      return;
    }
    const first = this.#first;
    if (wanted === true && first === undefined) return; // the library says what is missing
    const output = wanted === true && first ? createOutput(first, flags, size()) : wanted;
    if (typeof output !== 'object') throw invalid(name, 'must be an image');
    if (output instanceof Picture) {
      this.values.push({ name, kind: PortKind.picture, value: handleOf(output) });
    } else if (isSink(output)) {
      const { width, height } = output.width && output.height ? (output as Size) : size();
      const description = toNativeDescription(output, { width, height });
      this.values.push({ name, kind: PortKind.sink, value: description, callback: this.#writing(output) });
      return;
    } else if (isImage(output)) {
      this.values.push({ name, kind: PortKind.write, value: toNative(output, name) });
    } else {
      throw invalid(name, 'must be an image, a picture or a sink');
    }
    this.#images[name] = output;
  }

  #outputSize({ region, scale = 1 }: Extent, sizeOf: (width: number, height: number) => Size): Size {
    if (region) return { width: region.width, height: region.height };
    const first = this.#first;
    if (first === undefined) throw invalid('output', 'needs a size: this task has no input image to take it from');
    const { width, height } = first instanceof Picture ? first.info : first;
    const by = scale > 0 && scale < 1 ? scale : 1;
    return sizeOf(Math.ceil(width * by), Math.ceil(height * by));
  }

  #reading(source: Source): StreamCallback {
    return this.#answering(
      (rect) => source.read(rect),
      (request, image) => {
        native.requestRead(request, toNative(image, 'pixels'));
      },
    );
  }

  #writing(sink: Sink): StreamCallback {
    return this.#answering(
      (rect, image) => sink.write(rect, image as Image),
      (request) => {
        native.requestWritten(request);
      },
    );
  }

  /** Calls `ask`, waits for its promise if it gives one, and answers the run's thread. */
  #answering<T>(
    ask: (rect: Rect, image: Image | undefined) => T | PromiseLike<T>,
    answer: (request: Handle, value: T) => void,
  ): StreamCallback {
    return (request, rect, image) => {
      const fail = (error: unknown): void => {
        native.requestFail(request, error);
      };
      try {
        const value = ask(rect, image);
        if (!isPromise(value)) {
          answer(request, value);
        } else if (this.#sync) {
          value.then(undefined, () => undefined);
          throw invalid('source', 'and sinks must not give promises to runSync');
        } else {
          value
            .then((later) => {
              answer(request, later);
            })
            .then(undefined, fail);
        }
      } catch (error) {
        fail(error);
      }
    };
  }
}

// Does the steps of a conformance case with the public interface.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import * as mirra from 'mirra';

import { LaidOut, channelCounts, typed, type Layout, type Sample } from './layout';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export interface Step {
  op: string;
  error?: { code: string; subject?: string };
  [field: string]: unknown;
}
export interface Case {
  name: string;
  needs?: string[];
  steps: Step[];
}
export interface Index {
  pictures: Record<string, { file: string } & Omit<Sample, 'bytes'>>;
  files: Record<string, string>;
  tensors: Record<string, { file: string; shape: number[] }>;
  values: Record<string, Json>;
  plugins: string;
}

type Output = { equals?: string; tolerance?: number; crop?: [number, number, number, number] } & Layout &
  Partial<Omit<Sample, 'bytes'>> & { held?: string; in_place?: string };
interface Running {
  input: mirra.PortValues;
  options: mirra.RunOptions;
  /** Checks the outputs and results. */
  check: (result: mirra.RunResult) => void;
}
type Held = mirra.Engine | mirra.Bundle | mirra.Session | mirra.Picture | mirra.Job;
type Tensors = Record<string, mirra.GivenTensor | undefined>;

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const toRect = ([x, y, width, height]: number[]): mirra.Rect =>
  ({ x, y, width, height }) as { x: number; y: number; width: number; height: number };

/** The fields of an object under the names of mirra.h. */
function inHeaderWords(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [snake(name), one]));
}

export class CaseRun {
  readonly #objects = new Map<string, Held | AbortController | Tensors>();
  readonly #memory = new Map<string, Uint8Array>();
  readonly #running = new Map<mirra.Job, Running>();

  constructor(
    readonly folder: string,
    readonly index: Index,
    readonly engine: mirra.Engine,
    readonly own: string,
  ) {}

  /** Does a step. @throws what is not as it must be */
  async step(step: Step): Promise<void> {
    const { op, error, ...fields } = step;
    const action = this.#actions[op];
    if (!action) throw new Error(`unknown op ${op}`);
    const used = new Set<string>();
    const tracked = new Proxy(fields, {
      get: (target, name: string) => (used.add(name), target[name]),
    });
    if (error)
      await assert.rejects(
        async () => {
          await action(tracked);
        },
        (thrown) => this.#checkError(thrown, error),
      );
    else {
      await action(tracked);
      for (const name of Object.keys(fields)) assert.ok(used.has(name), `unknown field ${name}`);
    }
  }

  async close(): Promise<void> {
    for (const one of [...this.#objects.values()].reverse())
      if ('close' in one && typeof one.close === 'function') await (one as Held).close();
  }

  #checkError(thrown: unknown, error: { code: string; subject?: string }): boolean {
    const aborted = thrown instanceof DOMException && thrown.name === 'AbortError';
    if (!aborted && !(thrown instanceof mirra.MirraError)) throw thrown;
    assert.equal(aborted ? 'cancelled' : (thrown as mirra.MirraError).code, error.code, thrown.message);
    if (error.subject !== undefined)
      assert.equal(
        (thrown as mirra.MirraError).subject,
        /^[@%]/.test(error.subject) ? this.#path(error.subject) : error.subject,
      );
    return true;
  }

  // ---- Words of the cases

  #path(name: unknown): string {
    const text = name as string;
    if (text.startsWith('@')) return join(this.folder, this.index.files[text.slice(1)] as string);
    return text.startsWith('%') ? join(this.own, text.slice(1)) : text;
  }

  #bytes(name: unknown): Uint8Array {
    return (name as string).startsWith('@')
      ? readFileSync(this.#path(name))
      : (this.#memory.get(name as string) as Uint8Array);
  }

  #get<T extends Held | AbortController | Tensors>(name: unknown): T {
    const found = this.#objects.get(name as string);
    if (!found) throw new Error(`there is no ${String(name)}`);
    return found as T;
  }

  #engine(fields: Record<string, unknown>): mirra.Engine {
    return fields.engine === undefined ? this.engine : this.#get(fields.engine);
  }

  #sample(name: unknown): Sample {
    const picture = this.index.pictures[name as string];
    if (!picture) throw new Error(`there is no picture ${String(name)}`);
    return { ...picture, bytes: readFileSync(join(this.folder, picture.file)) };
  }

  #image(name: unknown, layout: Layout = {}): LaidOut {
    const sample = this.#sample(name);
    const image = new LaidOut(sample, layout);
    image.write(sample.bytes);
    return image;
  }

  #tensor(name: unknown): mirra.GivenTensor {
    const { file, shape } = this.index.tensors[name as string] as { file: string; shape: number[] };
    return { data: typed(readFileSync(join(this.folder, file)), 'f32') as Float32Array, shape };
  }

  #expected(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !('value' in value)) return value;
    let found: Json | undefined = this.index.values;
    for (const key of (value.value as string).split('/')) found = (found as Record<string, Json>)[key];
    return found;
  }

  #checkFields(actual: Record<string, unknown>, expected: unknown): void {
    for (const [name, value] of Object.entries(expected as Record<string, unknown>)) {
      const want = this.#expected(value);
      const got = actual[name];
      if (typeof want === 'number' && typeof got === 'number')
        assert.ok(Math.abs(got - want) <= 1e-9 * Math.abs(want), `${name}: ${got}, expected ${want}`);
      else assert.deepEqual(got, want, name);
    }
  }

  #checkSample(actual: Uint8Array, name: string, crop?: number[], tolerance = 0): void {
    let expected = this.#sample(name);
    if (crop) expected = cropped(expected, toRect(crop));
    if (tolerance === 0) {
      assert.ok(Buffer.from(actual).equals(expected.bytes), `the pixels are not those of ${name}`);
      return;
    }
    const [a, b] = [typed(actual, expected.format), typed(expected.bytes, expected.format)];
    assert.equal(a.length, b.length);
    a.forEach((value, i) => assert.ok(Math.abs(value - (b[i] as number)) <= tolerance, `${name}: sample ${i}`));
  }

  #checkPicture(picture: mirra.Picture, name: string): void {
    const { data, format, channels, width, height } = picture.image();
    const want = this.#sample(name);
    assert.deepEqual(
      { width, height, format, channels },
      {
        width: want.width,
        height: want.height,
        format: want.format,
        channels: channelCounts[want.color],
      },
    );
    this.#checkSample(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), name);
  }

  #checkTensors(tensors: Tensors, expected: unknown): void {
    for (const [name, known] of Object.entries((expected ?? {}) as Record<string, string>)) {
      const want = this.#tensor(known);
      const { data, shape } = tensors[name] as mirra.GivenTensor;
      assert.deepEqual(shape, want.shape);
      assert.ok(Buffer.from(data.buffer).equals(Buffer.from(want.data.buffer)), name);
    }
  }

  // ---- Runs

  #prepare(fields: Record<string, unknown>): Running {
    const values: Record<string, mirra.PortValue> = {};
    const inputs = new Map<string, LaidOut>();
    const checks: ((result: mirra.RunResult) => void)[] = [];
    for (const [port, given] of Object.entries(fields.inputs as Record<string, Record<string, unknown>>)) {
      const { picture, held, tensor, ...layout } = given;
      if (held !== undefined) values[port] = this.#get<mirra.Picture>(held);
      else if (tensor !== undefined) values[port] = this.#tensor(tensor);
      else {
        const image = this.#image(picture, layout);
        inputs.set(port, image);
        values[port] = image.image;
      }
    }
    for (const [port, given] of Object.entries(fields.outputs as Record<string, Output>))
      values[port] = this.#output(given, inputs, checks);
    const results = (fields.results ?? {}) as { values?: object; tensors?: object };
    for (const name of Object.keys(results.tensors ?? {})) values[name] = true;
    checks.push((result) => {
      this.#checkFields(result.values, results.values ?? {});
      this.#checkTensors(result.tensors, results.tensors);
    });
    const options = this.#options(fields, checks);
    return { input: values, options, check: (result) => checks.forEach((check) => check(result)) };
  }

  #output(given: Output, inputs: Map<string, LaidOut>, checks: ((result: mirra.RunResult) => void)[]): mirra.PortValue {
    const { equals, tolerance, crop, held, in_place, width, height, format, color, ...layout } = given;
    if (held !== undefined) {
      const picture = this.#get<mirra.Picture>(held);
      if (equals !== undefined) checks.push(() => this.#checkPicture(picture, equals));
      return picture;
    }
    const like =
      equals === undefined ? ({ width, height, format, color } as Omit<Sample, 'bytes'>) : this.#sample(equals);
    const size = crop ? { ...like, width: crop[2], height: crop[3] } : like;
    const image = in_place === undefined ? new LaidOut(size, layout) : (inputs.get(in_place) as LaidOut);
    if (equals !== undefined)
      checks.push(() => {
        this.#checkSample(image.read(), equals, crop, tolerance);
        assert.ok(image.hasCleanPadding(), 'padding was written');
      });
    return image.image;
  }

  #options(fields: Record<string, unknown>, checks: ((result: mirra.RunResult) => void)[]): mirra.RunOptions {
    const options: mirra.RunOptions = {};
    if (fields.region !== undefined) options.region = toRect(fields.region as number[]);
    if (fields.scale !== undefined) options.scale = fields.scale as number;
    if (fields.cancel !== undefined) options.signal = this.#get<AbortController>(fields.cancel).signal;
    const stopAfter = fields.stop_after;
    if (stopAfter !== undefined) {
      let calls = 0;
      options.onProgress = () => ++calls < (stopAfter as number);
    }
    if (fields.progress === true) {
      const fractions: number[] = [];
      options.onProgress = ({ fraction }) => void fractions.push(fraction);
      checks.push(() => {
        assert.deepEqual(
          fractions,
          fractions.toSorted((a, b) => a - b),
        );
        assert.equal(fractions.at(-1), 1);
      });
    }
    return options;
  }

  #add(fields: Record<string, unknown>, object: Held | AbortController | Tensors): void {
    this.#objects.set(fields.as as string, object);
  }

  // ---- Steps

  readonly #actions: Record<string, (fields: Record<string, unknown>) => unknown> = {
    version: ({ expect }) => this.#checkFields({ ...mirra.version() }, expect),
    engine: (fields) => {
      const { plugin_path, flags, plugin_skip } = fields;
      const pluginPath = plugin_path === undefined ? join(this.folder, this.index.plugins) : this.#path(plugin_path);
      const options: mirra.EngineOptions = { pluginPath };
      if (flags !== undefined) options.flags = flags as mirra.EngineFlag[];
      if (plugin_skip !== undefined) options.pluginSkip = plugin_skip as string;
      this.#add(fields, new mirra.Engine(options));
    },
    plugin: (fields) => {
      const { file, expect } = fields;
      const found = this.#engine(fields).plugins.find(({ path }) => basename(path) === file);
      this.#checkFields(inHeaderWords(found as object), expect);
    },
    device: (fields) => {
      this.#checkFields(inHeaderWords(this.#engine(fields).devices[fields.index as number] as object), fields.expect);
    },
    schema: (fields) => {
      const { task: name, param, port, expect } = fields;
      const { tasks } = this.#engine(fields).schema as { tasks: Record<string, Record<string, Json>[]>[] };
      const named = (list: unknown, wanted: unknown): Record<string, unknown> =>
        (list as Record<string, unknown>[]).find((one) => one.name === wanted) as Record<string, unknown>;
      const task = named(tasks, name);
      const found =
        param !== undefined
          ? named(task.parameters ?? task.params, param)
          : port !== undefined
            ? named(task.ports, port)
            : task;
      this.#checkFields(found, expect);
    },
    find_bundle: (fields) => this.#engine(fields).findBundle(fields.name as string),
    bundle: async (fields) => {
      const { name, file, memory } = fields;
      const path = file === undefined ? this.#engine(fields).findBundle(name as string) : this.#path(file);
      this.#add(fields, memory === true ? mirra.Bundle.parse(readFileSync(path)) : await mirra.Bundle.open(path));
    },
    bundle_info: ({ bundle, expect }) => this.#checkFields(inHeaderWords(this.#get<mirra.Bundle>(bundle).info), expect),
    session: async (fields) => {
      const { task, quality, bundle, device, memory_limit, threads, tile_size, set } = fields;
      const options = {
        ...(quality !== undefined && { quality }),
        ...(bundle !== undefined && { bundle: this.#get<mirra.Bundle>(bundle) }),
        ...(device !== undefined && { device }),
        ...(memory_limit !== undefined && { memoryLimit: memory_limit }),
        ...(threads !== undefined && { threads }),
        ...(tile_size !== undefined && { tileSize: tile_size }),
      } as mirra.SessionOptions;
      this.#add(fields, await this.#engine(fields).sessionAsync(task as string, set as mirra.Parameters, options));
    },
    set: ({ session, values }) => this.#get<mirra.Session>(session).set(values as mirra.Parameters),
    set_text: ({ session, name, text }) => this.#get<mirra.Session>(session).setText(name as string, text as string),
    get: ({ session, expect }) => this.#checkFields(this.#get<mirra.Session>(session).parameters, expect),
    reset: ({ session, name }) => this.#get<mirra.Session>(session).reset(name as string | undefined),
    clone: (fields) => this.#add(fields, this.#get<mirra.Session>(fields.session).clone()),
    session_info: ({ session, expect }) =>
      this.#checkFields(inHeaderWords(this.#get<mirra.Session>(session).info), expect),
    plan: ({ session, width, height, expect }) => {
      const plan = this.#get<mirra.Session>(session).plan(width as number, height as number);
      this.#checkFields(inHeaderWords(plan), expect);
    },
    required: ({ session, width, height, region, expect }) => {
      const asked = toRect(region as number[]);
      const rect = this.#get<mirra.Session>(session).required(width as number, height as number, asked);
      assert.deepEqual(rect, toRect(expect as number[]));
    },
    run: (fields) => {
      const running = this.#prepare(fields);
      running.check(this.#get<mirra.Session>(fields.session).runSync(running.input, running.options));
    },
    submit: (fields) => {
      const running = this.#prepare(fields);
      const job = this.#get<mirra.Session>(fields.session).run(running.input, running.options);
      job.catch(() => undefined); // a case may leave it to its end
      this.#running.set(job, running);
      this.#add(fields, job);
    },
    wait: async ({ job, seconds }) => {
      const found = this.#get<mirra.Job>(job);
      this.#running.get(found)?.check(await found.wait(seconds as number | undefined));
    },
    poll: ({ job, expect }) => this.#checkFields(inHeaderWords(this.#get<mirra.Job>(job).poll()), expect),
    cancel_token: (fields) => this.#add(fields, new AbortController()),
    cancel: ({ what }) => {
      const found = this.#get<AbortController | mirra.Job>(what);
      if (found instanceof AbortController) found.abort();
      else found.cancel();
    },
    close: async ({ what }) => {
      const found = this.#get(what);
      if ('close' in found && typeof found.close === 'function') await (found as Held).close();
      else this.#objects.delete(what as string);
    },
    shutdown: (fields) => this.#engine(fields).shutdown(fields.seconds as number),
    read: async (fields) => {
      const { file, memory, max_pixels, equals } = fields;
      const options = max_pixels === undefined ? {} : { maxPixels: max_pixels as number };
      const picture =
        file === undefined
          ? await mirra.Picture.decode(this.#bytes(memory), options)
          : await mirra.Picture.read(this.#path(file), options);
      this.#add(fields, picture);
      if (equals !== undefined) this.#checkPicture(picture, equals as string);
    },
    create_picture: (fields) => {
      const { width, height, format, color, equals } = fields as unknown as Sample & { equals?: string };
      const picture = mirra.Picture.create({ width, height, format, channels: channelCounts[color] });
      this.#add(fields, picture);
      if (equals !== undefined) this.#checkPicture(picture, equals);
    },
    picture_info: ({ picture, expect }) => {
      const found = this.#get<mirra.Picture>(picture);
      const { info } = found;
      const color = Object.entries(channelCounts).find(([, channels]) => channels === info.channels)?.[0];
      this.#checkFields({ ...inHeaderWords(info), color, transfer: found.image().transfer }, expect);
    },
    metadata: ({ picture, kind, file }) => {
      const found = this.#get<mirra.Picture>(picture).metadata(kind as mirra.Metadata);
      if (file === null) assert.equal(found, null);
      else assert.ok(found?.equals(readFileSync(this.#path(file))));
    },
    write: async (fields) => {
      const { picture, held, file, memory, options, metadata, ...layout } = fields;
      const image = held === undefined ? this.#image(picture, layout).image : this.#get<mirra.Picture>(held);
      const {
        jpeg_quality: jpegQuality,
        bit_depth: bitDepth,
        format,
      } = (options ?? {}) as {
        jpeg_quality?: number;
        bit_depth?: 8 | 16;
        format?: 'png' | 'jpeg';
      };
      const given: mirra.WriteOptions = {
        ...(jpegQuality !== undefined && { jpegQuality }),
        ...(bitDepth !== undefined && { bitDepth }),
        ...(metadata !== undefined && { metadata: this.#get<mirra.Picture>(metadata) }),
      };
      if (file !== undefined) await mirra.writeImage(this.#path(file), image, format ? { ...given, format } : given);
      else this.#memory.set(memory as string, await mirra.encodeImage(image, format as 'png' | 'jpeg', given));
    },
    noise: async ({ picture, sigma, seed, equals }) => {
      const image = this.#image(picture);
      await mirra.addNoise(image.image, sigma as number, seed as number);
      this.#checkSample(image.read(), equals as string);
    },
    estimate: async ({ picture, expect }) => {
      const sigma = await mirra.estimateNoise(this.#image(picture).image);
      this.#checkFields({ sigma }, { sigma: expect });
    },
    compare: async ({ a, b, expect }) => {
      const comparison = await mirra.compareImages(this.#image(a).image, this.#image(b).image);
      this.#checkFields({ ...comparison }, expect);
    },
    tensors: (fields) => {
      const { from, expect } = fields;
      const set: Record<string, mirra.Tensor> = {};
      for (const [name, { tensor, swap }] of Object.entries(
        from as Record<string, { tensor: string; swap?: boolean }>,
      )) {
        const { data, shape } = this.#tensor(tensor);
        set[name] = swap ? swapped(data, shape) : { data, shape };
      }
      const made = mirra.parseTensors(mirra.serializeTensors(set));
      this.#checkTensors(made, expect);
      this.#add(fields, made);
    },
    tensors_read: async (fields) => {
      const { file, memory, expect } = fields;
      const tensors =
        file === undefined ? mirra.parseTensors(this.#bytes(memory)) : await mirra.readTensors(this.#path(file));
      this.#checkTensors(tensors, expect);
      this.#add(fields, tensors);
    },
    tensors_write: async ({ tensors, file, memory }) => {
      const set = this.#get<Record<string, mirra.GivenTensor>>(tensors);
      if (file !== undefined) await mirra.writeTensors(this.#path(file), set);
      else this.#memory.set(memory as string, mirra.serializeTensors(set));
    },
    tensors_equal: ({ tensors, expect }) =>
      this.#checkTensors(this.#get<Record<string, mirra.GivenTensor>>(tensors), expect),
    graph: async (fields) => {
      const { bundle, graph, inputs, expect } = fields;
      const found = this.#get<mirra.Bundle>(bundle);
      const outputs = await this.#engine(fields).runGraph(
        found,
        graph as string,
        this.#get<Record<string, mirra.GivenTensor>>(inputs),
      );
      this.#checkTensors(outputs, expect);
      this.#add(fields, outputs);
    },
    file_write: ({ file, from }) => mirra.writeFile(this.#path(file), readFileSync(this.#path(from))),
  };
}

/** A view of a tensor with its last two dimensions swapped. */
function swapped(data: Float32Array, shape: readonly number[]): mirra.Tensor {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const swap = <T>(list: readonly T[]): T[] => [...list.slice(0, -2), list.at(-1) as T, list.at(-2) as T];
  return { data, shape: swap(shape), strides: swap(strides) };
}

function cropped(sample: Sample, { x, y, width, height }: mirra.Rect): Sample {
  const pixel = sample.bytes.length / (sample.width * sample.height);
  const rows = Array.from({ length: height }, (_, row) => {
    const start = ((y + row) * sample.width + x) * pixel;
    return sample.bytes.subarray(start, start + width * pixel);
  });
  return { ...sample, width, height, bytes: Buffer.concat(rows) };
}

import type { Bundle } from './bundle';
import { checkOptions, invalid, MirraError, type OptionNames } from './errors';
import type { ParamInfo, Plan, Precision, Progress, Rect, SessionInfo } from './generated';
import type { Image, PixelArray, PlanarImage } from './image';
import { Job, type RunResult } from './job';
import { native, type Handle, type NativeRunOptions, type Plain } from './native';
import type { Picture } from './picture';
import { Ports, type RunInput, type Size } from './ports';
import type { Task } from './engine';

/** Values of a task's parameters by name. The task's schema says which there are: {@link Task.params}. */
export type Parameters = Readonly<Record<string, Plain | undefined>>;

/** How a session runs its task. */
export interface SessionOptions {
  /** One of the task's {@link TaskInfo.qualities}: `'fast'`, `'balanced'`, `'best'`. */
  quality?: string;
  /** A bundle in place of the task's default. */
  bundle?: Bundle;
  /** `'cpu'`, which is the default, or `'cuda:0'`. */
  device?: string;
  /** By default `'auto'`. */
  precision?: Precision;
  /** In bytes: the most that the session may add to the process. Kept by smaller tiles, or an error that names the need. */
  memoryLimit?: number;
  /** Threads of the CPU kernels; by default as many as the process may use. */
  threads?: number;
  /** Largest side of a tile in pixels; by default chosen. */
  tileSize?: number;
}

export const sessionOptionNames: OptionNames<SessionOptions> = {
  quality: true,
  bundle: true,
  device: true,
  precision: true,
  memoryLimit: true,
  threads: true,
  tileSize: true,
};

/** How a run goes, and whom it tells. */
export interface RunOptions {
  /** Stops the run: its promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Told how far the run is, the newest news where it is slow. `false` stops the run with `'cancelled'`; what it throws
   * stops the run and is what the run is rejected with.
   */
  onProgress?: (progress: Progress) => unknown;
  /** Told of each rectangle of the output that is final. With `output`, or a sink, its pixels can be shown at once. */
  onTile?: (rect: Rect, output: Image | PlanarImage | Picture | undefined) => void;
  /** Of the output: only these pixels are made, and the output is as large as it. */
  region?: Rect;
  /** Below 1: the image is reduced by it first, for a preview. */
  scale?: number;
  /** Number of the image within a sequence, for tasks that ask for it. */
  frame?: number;
}

const runOptionNames: OptionNames<RunOptions> = {
  signal: true,
  onProgress: true,
  onTile: true,
  region: true,
  scale: true,
  frame: true,
};

/** The signal of a run's options, which are checked. @throws its reason where it was aborted before */
function signalOf(options: RunOptions): AbortSignal | undefined {
  checkOptions(options, runOptionNames, 'a run');
  const { signal } = options;
  if (signal && typeof (signal as Partial<AbortSignal>).throwIfAborted !== 'function')
    throw invalid('signal', 'must be an AbortSignal', 'Give the signal of the AbortController: controller.signal.');
  signal?.throwIfAborted();
  return signal;
}

/** The parameters as JSON for the library, which takes all of them or none. */
export function toParameters(parameters: Parameters): string {
  const members = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(name, 'must be a finite number');
      if (!['number', 'bigint', 'string', 'boolean'].includes(typeof value))
        throw invalid(name, 'must be a number, string or boolean');
      return `${JSON.stringify(name)}:${typeof value === 'bigint' ? String(value) : JSON.stringify(value)}`;
    });
  return `{${members.join(',')}}`;
}

/**
 * A task, on a device, with its parameters set.
 *
 * It does one run at a time; another call meanwhile throws `'busy'`. {@link clone} makes one for a second run beside it.
 * A job keeps what it needs: the session may be closed before.
 */
export class Session {
  readonly #handle: Handle;
  /** The sizes of outputs by those of inputs, as long as no parameter is set: a plan takes longer than a small run. */
  readonly #sizes = new Map<string, Size>();
  /** The task, as the engine lists it. */
  readonly task: Task;

  /** @internal */
  constructor(handle: Handle, task: Task) {
    this.#handle = handle;
    this.task = task;
  }

  /** What the session is made of. */
  get info(): SessionInfo {
    return native.sessionInfo(this.#handle);
  }

  /** The task's parameters, with what the session's bundle says: its defaults, ranges and choices. */
  get params(): ParamInfo[] {
    return native.sessionParams(this.#handle, this.task.paramCount);
  }

  /** All parameters as they are. */
  get parameters(): Record<string, Plain> {
    return Object.fromEntries(this.task.params.map(({ name }) => [name, this.get(name)]));
  }

  /** Sets parameters: all of them or, where one is refused, none. */
  set(parameters: Parameters): void {
    this.#sizes.clear();
    native.sessionSet(this.#handle, toParameters(parameters));
  }

  /** Sets a parameter from text, as a person writes it: `'auto'`, `'12.5'`, `'true'`. */
  setText(name: string, text: string): void {
    this.#sizes.clear();
    native.sessionSetText(this.#handle, name, text);
  }

  /** A parameter as it is. An integer that a number cannot hold comes as a bigint. */
  get(name: string): Plain {
    return native.sessionGet(this.#handle, name);
  }

  /** Gives a parameter, or all of them, the value that it had at first. */
  reset(name?: string): void {
    this.#sizes.clear();
    native.sessionReset(this.#handle, name);
  }

  /** What a run on an image of that size would do: tiles, bytes, and the size of its output. */
  plan(width: number, height: number): Plan {
    return native.sessionPlan(this.#handle, width, height);
  }

  /** The rectangle of an input of that size which a rectangle of the output depends on. */
  required(width: number, height: number, region: Rect): Rect {
    return native.sessionRequired(this.#handle, width, height, region);
  }

  /** Another session with the same options and parameters, which shares the compiled networks. */
  clone(): Session {
    return new Session(native.sessionClone(this.#handle), this.task);
  }

  /**
   * Runs the task on a thread of the library's.
   *
   * An image alone goes to the first image input, and the output is made like it. With several ports, name them:
   * `session.run({ image, style, output })`. An output that is `true` is asked for and made.
   */
  run<T extends PixelArray>(input: Image<T>, options?: RunOptions): Job<Image<T>>;
  run<T extends PixelArray>(input: PlanarImage<T>, options?: RunOptions): Job<PlanarImage<T>>;
  run(input: Picture, options?: RunOptions): Job<Picture>;
  run(input: RunInput, options?: RunOptions): Job;
  run(input: RunInput, options: RunOptions = {}): Job {
    const run = native.runCreate();
    const onProgress = options.onProgress;
    return new Job({ run, result: this.#begin(run, input, options), onProgress });
  }

  async #begin(run: Handle, input: RunInput, options: RunOptions): Promise<RunResult> {
    const signal = signalOf(options);
    const ports = new Ports(this.task, input, options, this.#outputSize, false);
    const abort = (): void => {
      native.runCancel(run);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return ports.toResult(await native.runSubmit(run, this.#handle, ports.values, this.#toOptions(ports, options)));
    } catch (error) {
      throw reasonOf(error, signal);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** As {@link run}; the event loop waits, but for the callbacks, which must not give promises. */
  runSync<T extends PixelArray>(input: Image<T>, options?: RunOptions): RunResult<Image<T>>;
  runSync<T extends PixelArray>(input: PlanarImage<T>, options?: RunOptions): RunResult<PlanarImage<T>>;
  runSync(input: Picture, options?: RunOptions): RunResult<Picture>;
  runSync(input: RunInput, options?: RunOptions): RunResult;
  runSync(input: RunInput, options: RunOptions = {}): RunResult {
    const signal = signalOf(options);
    const run = signal && native.runCreate();
    const ports = new Ports(this.task, input, options, this.#outputSize, true);
    const abort = (): void => {
      if (run) native.runCancel(run);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return ports.toResult(native.runSync(run, this.#handle, ports.values, this.#toOptions(ports, options)));
    } catch (error) {
      throw reasonOf(error, signal);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  readonly #outputSize = (width: number, height: number): Size => {
    const key = `${width}x${height}`;
    let size = this.#sizes.get(key);
    if (!size) {
      const plan = this.plan(width, height);
      size = { width: plan.outputWidth, height: plan.outputHeight };
      if (this.#sizes.size > 99) this.#sizes.clear();
      this.#sizes.set(key, size);
    }
    return size;
  };

  #toOptions(ports: Ports, options: RunOptions): NativeRunOptions | undefined {
    const { onProgress, onTile, region, scale, frame } = options;
    if ((onProgress ?? onTile ?? region ?? scale ?? frame) === undefined) return undefined;
    const tile =
      onTile &&
      ((rect: Rect): void => {
        onTile(rect, ports.firstImage);
      });
    return { region, scale, frame, progress: onProgress, tile };
  }

  /** Lets go of the session. Using it afterwards throws; a job that runs goes on. */
  close(): void {
    native.close(this.#handle);
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A run that a signal stopped ends with the signal's reason. */
function reasonOf(error: unknown, signal: AbortSignal | undefined): unknown {
  return signal?.aborted && error instanceof MirraError && error.code === 'cancelled' ? signal.reason : error;
}

import { MirraError } from './errors';
import { statusValues, type JobStatus, type Progress, type ResultInfo } from './generated';
import type { Image, PlanarImage } from './image';
import { native, type Handle, type Plain } from './native';
import type { Picture } from './picture';
import type { GivenTensor } from './tensor';

/** What a run gave, and how it went. */
export interface RunResult<Output = Image | PlanarImage | Picture> extends ResultInfo {
  /** The image at the first image output of the task. */
  image: Output;
  /** The images at all image outputs that were asked for, by the names of the ports. */
  images: Record<string, Image | PlanarImage | Picture>;
  /** Plain results by name, such as the noise level that the denoiser found: `sigma_estimated`. */
  values: Record<string, Plain>;
  /** Tensors among the results, by name. */
  tensors: Record<string, GivenTensor>;
}

/** How a {@link Job} is told of progress; what it returns is for the addon. */
export type ProgressListener = (progress: Progress) => unknown;

/** What the session gives to a job that it begins. */
export interface Begun<Output> {
  run: Handle;
  result: Promise<RunResult<Output>>;
  onProgress: ProgressListener | undefined;
}

/**
 * A run on a thread of the library's.
 *
 * `await job` gives the result; `for await (const progress of job)` says how far it is. A job whose result nobody asks
 * for is an unhandled rejection if it fails, as any promise is.
 */
export class Job<Output = Image | PlanarImage | Picture>
  implements Promise<RunResult<Output>>, AsyncIterable<Progress>
{
  /** A job is used as a promise is. */
  readonly [Symbol.toStringTag] = 'Job';
  readonly #run: Handle;
  readonly #result: Promise<RunResult<Output>>;
  readonly #listeners = new Set<ProgressListener>();
  #closed = false;

  /** @internal */
  constructor({ run, result, onProgress }: Begun<Output>) {
    this.#run = run;
    this.#result = result;
    if (onProgress) this.#listeners.add(onProgress);
  }

  /** How far it is, or how it ended. */
  poll(): JobStatus {
    this.#check();
    return native.runPoll(this.#run);
  }

  /**
   * The result.
   *
   * @param seconds rejects with `'timeout'` if the job has not ended by then, and the job goes on
   */
  async wait(seconds?: number): Promise<RunResult<Output>> {
    this.#check();
    if (seconds === undefined) return this.#result;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const late = (): void => {
        reject(new MirraError('timeout', statusValues.timeout, 'the job has not ended yet', '', 'wait longer'));
      };
      timer = setTimeout(late, seconds * 1000);
    });
    return Promise.race([this.#result, timeout]).finally(() => {
      clearTimeout(timer);
    });
  }

  /** @inheritDoc */
  then<A = RunResult<Output>, B = never>(
    fulfilled?: ((result: RunResult<Output>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.wait().then(fulfilled, rejected);
  }

  /** As `Promise.prototype.catch`. */
  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<RunResult<Output> | B> {
    return this.wait().catch(rejected);
  }

  /** As `Promise.prototype.finally`. */
  finally(settled?: (() => void) | null): Promise<RunResult<Output>> {
    return this.wait().finally(settled);
  }

  /** Asks the job to stop; does not wait. It is rejected with `'cancelled'` then, within 100 ms or so. */
  cancel(): void {
    native.runCancel(this.#run);
  }

  /** Stops the job if it still runs, and waits until it has ended. Using it afterwards throws. */
  async close(): Promise<void> {
    this.#closed = true;
    this.cancel();
    await this.#result.catch(() => undefined);
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Progress as it comes, the newest where the loop is slower. Ends with the job, and throws what it failed with. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void, undefined> {
    const news: { progress?: Progress | undefined; ended: boolean; wake?: () => void } = { ended: false };
    const listener = (progress: Progress): void => {
      news.progress = progress;
      news.wake?.();
    };
    const end = this.wait().finally(() => {
      news.ended = true;
      news.wake?.();
    });
    end.catch(() => undefined);
    this.#listen(listener);
    try {
      for (;;) {
        if (!news.progress && !news.ended) await new Promise<void>((resolve) => (news.wake = resolve));
        const { progress } = news;
        news.progress = undefined;
        if (progress) yield progress;
        else if (news.ended) break;
      }
      await end;
    } finally {
      this.#listeners.delete(listener);
    }
  }

  #listen(listener: ProgressListener): void {
    this.#listeners.add(listener);
    native.runListen(this.#run, (progress) => {
      // Only onProgress may stop the run by what it returns, and it is the first.
      const [answer] = [...this.#listeners].map((one) => one(progress));
      return answer;
    });
  }

  #check(): void {
    if (!this.#closed) return;
    throw new MirraError('closed', statusValues.invalid_argument, 'the job is closed', 'job', 'ask it before close()');
  }
}

import { invalid } from './errors';
import type { BundleInfo, GraphInfo } from './generated';
import { native, type Handle } from './native';

const handles = new WeakMap<Bundle, Handle>();

/** The addon's handle of a bundle. */
export function handleOf(bundle: Bundle): Handle {
  const handle = handles.get(bundle);
  if (handle === undefined)
    throw invalid('bundle', 'must be a Bundle', "Open its file: await Bundle.open(engine.findBundle('NAME.mirra')).");
  return handle;
}

/** Trained networks: their graphs, weights, defaults and measured quality. Sessions keep what they need of it. */
export class Bundle {
  private constructor(handle: Handle) {
    handles.set(this, handle);
  }

  /** Reads and verifies a file, whole. `path` is a path; {@link Engine.findBundle} looks for names. */
  static async open(path: string): Promise<Bundle> {
    return new Bundle(await native.bundleOpen(path));
  }

  /** As {@link open}; the event loop waits. */
  static openSync(path: string): Bundle {
    return new Bundle(native.bundleOpenSync(path));
  }

  /** A bundle of the bytes of a file, which are copied. `name` stands in messages. */
  static parse(bytes: Uint8Array, name?: string): Bundle {
    return new Bundle(native.bundleParse(bytes, name));
  }

  /** What the bundle is. */
  get info(): BundleInfo {
    return native.bundleInfo(handleOf(this));
  }

  /** The whole manifest, as JSON was parsed. */
  get manifest(): unknown {
    return JSON.parse(native.bundleManifest(handleOf(this))) as unknown;
  }

  /** The networks. */
  get graphs(): GraphInfo[] {
    const { graphCount } = this.info;
    return Array.from({ length: graphCount }, (_, index) => native.bundleGraph(handleOf(this), index));
  }

  /** Gives the memory up. Using the bundle afterwards throws; sessions that were made with it go on. */
  close(): void {
    native.close(handleOf(this));
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

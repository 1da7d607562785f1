import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

import { MirraError } from './errors';
import type * as raw from './generated';
import type { PictureInfo } from './picture';

/** A handle of the C API inside of the addon. */
export type Handle = { readonly handle: unique symbol };

/** An image as the addon takes it. */
export interface NativeImage {
  views: readonly ArrayBufferView[];
  /** Width, height, format, channels, alpha mode, transfer, pixel stride, row stride, offset. */
  numbers: Float64Array;
  icc: Uint8Array | undefined;
}

/** Pixels that the addon made or shows. */
export interface GivenImage {
  data: Uint8Array | Uint16Array | Float32Array;
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  format: raw.Format;
  rowStride: number;
  pixelStride?: number;
  offset?: number;
  alphaMode: raw.AlphaMode;
  transfer: raw.Transfer;
  icc?: Uint8Array;
}

export interface NativeTensor {
  data: Float32Array;
  shape: number[];
}

export type StreamCallback = (request: Handle, rect: raw.Rect, image: GivenImage | undefined) => void;

/** What goes to a port, as native/run.h names it. */
export const PortKind = { ask: 0, read: 1, write: 2, picture: 3, tensor: 4, plain: 5, source: 6, sink: 7 } as const;
export type PortKind = (typeof PortKind)[keyof typeof PortKind];

export interface NativePort {
  name: string;
  kind: PortKind;
  value: unknown;
  type?: number;
  callback?: StreamCallback;
}

export interface NativeRunOptions {
  region: raw.Rect | undefined;
  scale: number | undefined;
  frame: number | bigint | undefined;
  progress: ((progress: raw.Progress) => unknown) | undefined;
  tile: ((rect: raw.Rect) => void) | undefined;
}

/** A value of a plain type. A bigint is an integer that a number cannot hold. */
export type Plain = boolean | number | bigint | string;

export interface NativeResult extends raw.ResultInfo {
  values: Record<string, Plain>;
  tensors: [string, NativeTensor][];
}

export interface NativeTask extends raw.TaskInfo {
  ports: raw.PortInfo[];
  params: raw.ParamInfo[];
}

export interface NativeWriteOptions {
  jpegQuality: number;
  bitDepth: number;
  format: string | undefined;
  metadata: Handle | undefined;
}

type Entries = readonly (readonly [string, unknown])[];

/** Functions that come as NAME, with a promise, and as NAMESync. */
interface Both {
  engineRuntime(engine: Handle): raw.RuntimeInfo;
  engineShutdown(engine: Handle, seconds: number): void;
  sessionCreate(engine: Handle, options: object): Handle;
  bundleOpen(path: string): Handle;
  pictureRead(path: string, maxPixels: number | undefined): Handle;
  pictureDecode(bytes: Uint8Array, maxPixels: number | undefined): Handle;
  pictureToSrgb(picture: Handle): void;
  imageWrite(path: string, image: Handle | NativeImage, options: NativeWriteOptions): string[];
  imageEncode(image: Handle | NativeImage, options: NativeWriteOptions): Buffer;
  imageAddNoise(image: Handle | NativeImage, sigma: number, seed: number | bigint): void;
  imageEstimateNoise(image: Handle | NativeImage): number;
  imageCompare(a: Handle | NativeImage, b: Handle | NativeImage): raw.Comparison;
  tensorsRead(path: string): [string, NativeTensor][];
  tensorsWrite(path: string, tensors: Entries): void;
  graphRun(engine: Handle, bundle: Handle, graph: string, inputs: Entries, options: object): [string, NativeTensor][];
  fileWrite(path: string, bytes: Uint8Array): void;
}

type Later<T> = {
  [Name in keyof T]: T[Name] extends (...values: infer Values) => infer Result
    ? (...values: Values) => Promise<Result>
    : never;
};
type Now<T> = { [Name in keyof T as `${Name & string}Sync`]: T[Name] };

interface One {
  close(handle: Handle): void;
  setErrorClass(error: typeof MirraError): void;
  setPinning(on: boolean): void;
  version(): { library: string; abi: number };
  engineCreate(options: object): Handle;
  engineTasks(engine: Handle): raw.TaskInfo[];
  engineTask(engine: Handle, name: string): NativeTask;
  engineBundles(engine: Handle): raw.BundleRecord[];
  enginePlugins(engine: Handle): raw.PluginRecord[];
  engineDevices(engine: Handle): raw.DeviceInfo[];
  engineSchema(engine: Handle): string;
  engineProcess(engine: Handle): number;
  engineFindBundle(engine: Handle, name: string): string;
  sessionClone(session: Handle): Handle;
  sessionSet(session: Handle, json: string): void;
  sessionSetText(session: Handle, name: string, text: string): void;
  sessionGet(session: Handle, name: string): Plain;
  sessionReset(session: Handle, name: string | undefined): void;
  sessionParams(session: Handle, count: number): raw.ParamInfo[];
  sessionInfo(session: Handle): raw.SessionInfo;
  sessionPlan(session: Handle, width: number, height: number): raw.Plan;
  sessionRequired(session: Handle, width: number, height: number, region: raw.Rect): raw.Rect;
  bundleParse(bytes: Uint8Array, name: string | undefined): Handle;
  bundleInfo(bundle: Handle): raw.BundleInfo;
  bundleManifest(bundle: Handle): string;
  bundleGraph(bundle: Handle, index: number): raw.GraphInfo;
  pictureCreate(width: number, height: number, format: number, color: number): Handle;
  pictureWrap(image: NativeImage): Handle;
  pictureInfo(picture: Handle): PictureInfo;
  pictureImage(picture: Handle): GivenImage;
  pictureMetadata(picture: Handle, kind: number): Buffer | null;
  pictureCopyColor(picture: Handle, source: Handle): void;
  pictureSameColor(a: Handle, b: Handle): boolean;
  imageCheckWrite(path: string, image: Handle | NativeImage | undefined, options: NativeWriteOptions): void;
  tensorsParse(bytes: Uint8Array): [string, NativeTensor][];
  tensorsSerialize(tensors: Entries): Buffer;
  fileCheckWrite(path: string): void;
  textPrintable(text: string): string;
  runCreate(): Handle;
  runSubmit(
    run: Handle,
    session: Handle,
    ports: readonly NativePort[],
    options: NativeRunOptions | undefined,
  ): Promise<NativeResult>;
  runSync(
    run: Handle | undefined,
    session: Handle,
    ports: readonly NativePort[],
    options: NativeRunOptions | undefined,
  ): NativeResult;
  runListen(run: Handle, callback: (progress: raw.Progress) => unknown): void;
  runCancel(run: Handle): void;
  runPoll(run: Handle): raw.JobStatus;
  cancelEverything(): void;
  requestRead(request: Handle, image: NativeImage): void;
  requestWritten(request: Handle): void;
  requestFail(request: Handle, error: unknown): void;
}

export type Native = One & Later<Both> & Now<Both>;

function load(): Native {
  const root = join(__dirname, '..');
  const built = join(root, 'build', 'Release', 'mirra.node');
  const shipped = join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'mirra.node');
  return createRequire(__filename)(existsSync(built) ? built : shipped) as Native;
}

/** The addon. */
export const native = load();
native.setErrorClass(MirraError);

// Only Node itself is known to hold the memory of an ArrayBuffer as the addon asks it to; elsewhere pixels are copied.
const others = ['electron', 'bun', 'deno'];
native.setPinning(process.release.name === 'node' && !others.some((name) => name in process.versions));

// Workers that run something synchronously end only when it does.
if (isMainThread) process.on('exit', () => native.cancelEverything());

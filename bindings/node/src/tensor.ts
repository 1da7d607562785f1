import { invalid } from './errors';
import { native, type NativeTensor } from './native';

/** Numbers with a shape. What comes out of the library is fp32 and compact. */
export interface Tensor {
  /** fp32, fp64, or with a `dtype` fp16 or bf16 in a Uint16Array. The library refuses integers. */
  data: Float32Array | Float64Array | Uint16Array;
  /** For instance `[1, 3, height, width]`. */
  shape: readonly number[];
  /** Elements from one index to the next, for each dimension; by default row-major and compact. Not negative. */
  strides?: readonly number[] | undefined;
  /** What the bits of a Uint16Array are. */
  dtype?: 'f16' | 'bf16' | undefined;
}

/** A tensor that the library gave. */
export interface GivenTensor extends Tensor {
  data: Float32Array;
  shape: number[];
}

/** Named tensors: what a network takes and gives, and what a safetensors file holds. */
export type Tensors = Map<string, Tensor> | Readonly<Record<string, Tensor>>;

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'shape' in value;
}

export function toEntries(tensors: Tensors): [string, Tensor][] {
  const entries = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  for (const [name, tensor] of entries) if (!isTensor(tensor)) throw invalid(name, 'must be a tensor: { data, shape }');
  return entries;
}

/** The names of a file may be anything: no prototype is in their way. */
export function toRecord(entries: readonly [string, NativeTensor][]): Record<string, GivenTensor> {
  return Object.assign(Object.create(null), Object.fromEntries(entries)) as Record<string, GivenTensor>;
}

/** Reads a safetensors file. The values come as fp32. */
export async function readTensors(path: string): Promise<Record<string, GivenTensor>> {
  return toRecord(await native.tensorsRead(path));
}

/** As {@link readTensors}; the event loop waits. */
export function readTensorsSync(path: string): Record<string, GivenTensor> {
  return toRecord(native.tensorsReadSync(path));
}

/** Writes a safetensors file: readers see the old file or the new one, never a part. */
export async function writeTensors(path: string, tensors: Tensors): Promise<void> {
  await native.tensorsWrite(path, toEntries(tensors));
}

/** As {@link writeTensors}; the event loop waits. */
export function writeTensorsSync(path: string, tensors: Tensors): void {
  native.tensorsWriteSync(path, toEntries(tensors));
}

/** The tensors of a safetensors file in memory. */
export function parseTensors(bytes: Uint8Array): Record<string, GivenTensor> {
  return toRecord(native.tensorsParse(bytes));
}

/** A safetensors file in memory. */
export function serializeTensors(tensors: Tensors): Buffer {
  return native.tensorsSerialize(toEntries(tensors));
}

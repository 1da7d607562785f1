/**
 * Image processing with Mirra: tasks of plugins, run on pixels in typed arrays.
 *
 * @packageDocumentation
 */

export { Bundle } from './bundle';
export { Engine, type EngineOptions, type GraphOptions, type Param, type Task } from './engine';
export { MirraError, type ErrorCode } from './errors';
export { checkWriteFile, printable, version, writeFile, writeFileSync, type Version } from './files';
export type * from './generated'; // PictureInfo of ./picture is the whole of it
export {
  createImage,
  type Image,
  type PixelArray,
  type PixelDescription,
  type PixelLayout,
  type PlanarImage,
  type Sink,
  type Source,
} from './image';
export { Job, type RunResult } from './job';
export type { Plain } from './native';
export {
  Picture,
  addNoise,
  addNoiseSync,
  checkWriteImage,
  compareImages,
  compareImagesSync,
  encodeImage,
  encodeImageSync,
  estimateNoise,
  estimateNoiseSync,
  writeImage,
  writeImageSync,
  type PictureInfo,
  type ReadOptions,
  type FileFormat,
  type WriteOptions,
} from './picture';
export type { PortValue, PortValues, RunInput } from './ports';
export { Session, type Parameters, type RunOptions, type SessionOptions } from './session';
export {
  parseTensors,
  readTensors,
  readTensorsSync,
  serializeTensors,
  writeTensors,
  writeTensorsSync,
  type GivenTensor,
  type Tensor,
  type Tensors,
} from './tensor';

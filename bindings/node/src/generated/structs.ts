// Derived from mirra.h by scripts/generate.mjs; do not edit.

import type { Type, TaskFlag, Direction, PortFlag, ParamFlag, Precision, JobState } from './words';

/** A rectangle in pixels. */
export interface Rect {
  /** Of the first pixel, from the left and from above. */
  x: number;
  /** Of the first pixel, from the left and from above. */
  y: number;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
}

/** A task as data. */
export interface TaskInfo {
  /** See {@link TaskFlag}. */
  flags: TaskFlag[];
  /** How many ports it has. */
  portCount: number;
  /** How many parameters it has. */
  paramCount: number;
  /** "denoise": what callers write. */
  name: string;
  /** "Denoise": what people read. */
  label: string;
  /** One paragraph. */
  doc: string;
  /** File name of the bundle that serves when none is given ("denoiser.mirra"), or "". */
  defaultBundle: string;
  /** Id of the plugin that brought it. */
  pluginId: string;
  /** And its version. */
  pluginVersion: string;
  /** Qualities of the task's bundles that were found ('fast', 'balanced', 'best'), from the fastest. None where there is one bundle only. */
  qualities: string[];
}

/** An input or output of a task. */
export interface PortInfo {
  /** `'input'` or `'output'`. */
  direction: Direction;
  /** What goes through it. */
  type: Type;
  /** See {@link PortFlag}. */
  flags: PortFlag[];
  /** "image": what callers write. */
  name: string;
  /** "Image": what people read. */
  label: string;
  /** One sentence or more. */
  doc: string;
  /** "" where there is none. */
  unit: string;
  /** The series that it belongs to ("style"), or "": of ports and parameters of one series, those of the same place go together. The first of a kind has a plain name, the others NAME_2 ... */
  series: string;
  /** From 1; 0 where there is no series. */
  seriesPlace: number;
  /** How many of its kind the series has at most. */
  maxCount: number;
}

/** A parameter of a task. */
export interface ParamInfo {
  /** What its values are. */
  type: Type;
  /** See {@link ParamFlag}. */
  flags: ParamFlag[];
  /** Version of the plugin's task that brought it, from 1; a plugin's 0 is 1. */
  since: number;
  /** "sigma". */
  name: string;
  /** "Noise level". */
  label: string;
  /** One paragraph. */
  doc: string;
  /** For dialogs; "" where there is none. */
  group: string;
  /** "1/255"; "" where there is none. */
  unit: string;
  /** Default of a bool, int or float, unless `defaultText` is set. */
  defaultValue: number;
  /** Int, float: values outside are refused. */
  minimum: number;
  /** Int, float: values outside are refused. */
  maximum: number;
  /** Range of a slider; equal to the hard range where there is no other. */
  softMinimum: number;
  /** Range of a slider; equal to the hard range where there is no other. */
  softMaximum: number;
  /** Of a slider or spin button; 0: the host's choice. */
  step: number;
  /** Default of a string, enum, file or color, and of a number whose default is one of `choices`; null where `defaultValue` holds. */
  defaultText: string | null;
  /** Enum: the values. bool, int, float: texts that are accepted besides a number, such as "auto". */
  choices: string[];
  /** One for each choice. */
  choiceLabels: string[];
  /** For dialogs: "NAME=VALUE" or "NAME=VALUE|VALUE", shown only while another parameter has that value; "" where it is always shown. */
  visibleIf: string;
  /** As in `mirra_port_info`. */
  series: string;
  /** As in `mirra_port_info`. */
  seriesPlace: number;
  /** As in `mirra_port_info`. */
  maxCount: number;
}

/** A bundle that was found in the folders that `mirra_engine_find_bundle` looks in. */
export interface BundleRecord {
  /** 1: sessions can be made of it. 0: see reason. */
  usable: boolean;
  /** Of the file. */
  path: string;
  /** Of the manifest; "" if it cannot be read. */
  name: string;
  /** Likewise. */
  task: string;
  /** What a session's `quality` takes for the task; '' for a bundle that is none of the task's default ones. */
  quality: string;
  /** Why it cannot be used, and what to do; "" if usable. */
  reason: string;
  /** Of the file. */
  bytes: number;
}

/** A file that was looked at in the search for plugins, loaded or passed over. */
export interface PluginRecord {
  /** 1: its tasks are there. 0: passed over, see reason. */
  loaded: boolean;
  /** Plugin ABI version agreed on; 0 if none was. */
  abi: number;
  /** How many tasks it brought. */
  taskCount: number;
  /** Of the file. */
  path: string;
  /** "" if the file did not come so far. */
  id: string;
  /** "" likewise. */
  version: string;
  /** Why it was passed over, and what to do; "" if loaded. */
  reason: string;
  /** Names of its tasks that another plugin had brought before: they are had as "ID:TASK" only, with the plugin's id before them. */
  takenTasks: string[];
}

/** A processor or card. */
export interface DeviceInfo {
  /** 0: see reason. */
  usable: boolean;
  /** "cpu", "cuda:0", "cuda:all" where several can be used: what callers write. */
  id: string;
  /** Of the processor or card. */
  name: string;
  /** Why it cannot be used, and what to do; "" if usable. */
  reason: string;
  /** In all; 0: unknown. */
  memoryBytes: number;
  /** Those that the hardware supports. */
  precisions: Precision[];
}

/** What came of loading the runtime module. */
export interface RuntimeInfo {
  /** 1: loaded. 0: see reason. */
  usable: boolean;
  /** File of the module; "" if none was found. */
  path: string;
  /** What the module says of itself. */
  version: string;
  /** Why it cannot be used, and what to do; "" if usable. */
  reason: string;
  /** Resident memory that loading it added to the process. */
  baseBytes: number;
  /** File of the LibTorch that is loaded; "" if none is, as with oneDNN. */
  libtorchPath: string;
  /** Why that one: "beside the runtime module", for instance. */
  libtorchOrigin: string;
  /** What that file says of itself ("2.11.0"); "" if it says nothing. */
  libtorchVersion: string;
}

/** What a bundle is. */
export interface BundleInfo {
  /** How many networks it has. */
  graphCount: number;
  /** "denoise"; "" for a bare network. */
  task: string;
  /** Of the bundle: "denoiser". */
  name: string;
  /** Informative. */
  architecture: string;
  /** Of the weights; "" if it says nothing. */
  licence: string;
  /** Of the tensors, in hex. */
  sha256: string;
  /** How many tensors there are. */
  tensorCount: number;
  /** As stored. */
  tensorBytes: number;
}

/** A network of a bundle. */
export interface GraphInfo {
  /** 0: an output depends on the whole input. */
  tileable: boolean;
  /** Of the network. */
  name: string;
  /** Names. */
  inputs: string[];
  /** One for each input. */
  inputChannels: number[];
  /** Names. */
  outputs: string[];
  /** Trainable values. */
  parameterCount: number;
  /** Heights and widths must be multiples of it. */
  alignment: number;
  /** Smallest height and width. */
  minimumExtent: number;
  /** Pixels beyond an aligned block that its output depends on. */
  haloLeft: number;
  /** Pixels beyond an aligned block that its output depends on. */
  haloTop: number;
  /** Pixels beyond an aligned block that its output depends on. */
  haloRight: number;
  /** Pixels beyond an aligned block that its output depends on. */
  haloBottom: number;
}

/** What the file of a picture was. */
export interface PictureInfo {
  /** Of the file: 1 to 16, or 32; of the format where there was no file. */
  bitDepth: number;
  /** "png", "jpeg", "tiff", "webp", "jxl"; "" where there was no file. */
  fileFormat: string;
  /** Size of the ICC profile; 0: none. */
  iccBytes: number;
  /** Size of the EXIF data; 0: none. */
  exifBytes: number;
  /** Which tag says what the colours are: "icc", "cicp", "srgb", "gama" (gAMA and cHRM); "" where none does, which is taken as sRGB. */
  colorTag: string;
  /** How many notes there are. */
  noteCount: number;
}

/** How alike two images are. */
export interface Comparison {
  /** DB over all colour channels, peak 1; capped at 80, which equal images have. */
  psnr: number;
  /** Mean structural similarity (Wang 2004: Gaussian window of 11, deviation 1.5), averaged over the colour channels; 1 for equal images. An image smaller than 11 pixels: NaN. */
  ssim: number;
}

/** What a session is made of. */
export interface SessionInfo {
  /** Never AUTO. */
  precision: Precision;
  /** Strings live as long as the session. */
  task: string;
  /** Of the plugin that brought the task. */
  pluginId: string;
  /** "" where the bundle came from memory, or there is none. */
  bundlePath: string;
  /** "" where there is none. */
  bundleName: string;
  /** Of its tensors, in hex; "" likewise. */
  bundleSha256: string;
  /** That was asked for; "" if none was. */
  quality: string;
  /** "cpu", "cuda:0". */
  device: string;
  /** Why that precision. */
  precisionReason: string;
  /** 0: none. */
  memoryLimit: number;
  /** As in `mirra_session_options`. */
  threads: number;
  /** As in `mirra_session_options`. */
  tileSize: number;
}

/** What `mirra_session_plan` foresees of a run. */
export interface Plan {
  /** 0: no tile is small enough for the memory limit; see required_bytes. */
  fits: boolean;
  /** How many tiles there are. */
  tileCount: number;
  /** What the network sees of the largest tile: overlap and alignment included. */
  tileWidth: number;
  /** What the network sees of the largest tile: overlap and alignment included. */
  tileHeight: number;
  /** Pixels of overlap that the network needs. */
  haloLeft: number;
  /** Pixels of overlap that the network needs. */
  haloTop: number;
  /** Pixels of overlap that the network needs. */
  haloRight: number;
  /** Pixels of overlap that the network needs. */
  haloBottom: number;
  /** Tiles are multiples of this. */
  alignment: number;
  /** Upper bound of what the session adds to the process; base_bytes included. */
  peakBytes: number;
  /** Of these, the runtime's library. */
  baseBytes: number;
  /** Smallest memory_limit with which the image can be done. */
  requiredBytes: number;
  /** The session's; 0: none. */
  memoryLimit: number;
  /** Never AUTO. */
  precision: Precision;
  /** Strings live as long as the session. */
  device: string;
  /** Why that precision. */
  precisionReason: string;
  /** Of the output image. */
  outputWidth: number;
  /** Of the output image. */
  outputHeight: number;
}

/** How far a run is. */
export interface Progress {
  /** "prepare", "measure", "process", "finish". */
  stage: string;
  /** Of the whole run, 0 ... 1; never goes back. */
  fraction: number;
  /** Tiles done in this stage. */
  tile: number;
  /** Of so many; 0 where the stage has none. */
  tileCount: number;
  /** Tensors and buffers held at this moment. */
  bytesNow: number;
  /** And the most so far. */
  bytesPeak: number;
  /** How often an unfinished result was put into the output image; one who shows it draws it anew when this has grown. Only tasks that approach their result step by step do that. */
  previews: number;
  /** Nodes of the network done, in the tile at hand. */
  step: number;
  /** Of so many; 0 where no network runs. */
  stepCount: number;
}

/** How a run went. */
export interface ResultInfo {
  /** That made it. */
  precision: Precision;
  /** That made it. */
  device: string;
  /** Why that precision. */
  precisionReason: string;
  /** Wall clock of the run. */
  seconds: number;
  /** How many tiles there were. */
  tileCount: number;
  /** Most that tensors and buffers held, as counted; base_bytes not included. */
  peakBytes: number;
  /** Of the runtime's library. */
  baseBytes: number;
  /** How many plain results there are. */
  valueCount: number;
  /** How many tensors there are. */
  tensorCount: number;
  /** Multiplications, each with an addition, of convolutions, linear layers and their gradients, in all tiles; 0 of a task without networks. */
  multiplyAccumulates: number;
}

/** How far a job is; fields as in `mirra_progress`. */
export interface JobStatus {
  /** See {@link JobState}. */
  state: JobState;
  /** Of the run, 0 ... 1. */
  fraction: number;
  /** As in `mirra_progress`. */
  tile: number;
  /** As in `mirra_progress`. */
  tileCount: number;
  /** As in `mirra_progress`. */
  bytesNow: number;
  /** As in `mirra_progress`. */
  bytesPeak: number;
  /** As in `mirra_progress`. */
  previews: number;
  /** As in `mirra_progress`. */
  step: number;
  /** As in `mirra_progress`. */
  stepCount: number;
  /** Static. */
  stage: string;
}

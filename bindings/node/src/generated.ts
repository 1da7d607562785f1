// Derived from mirra.h by scripts/generate.mjs; do not edit.

/** The numbers of {@link Status} in the C API. */
export const statusValues = {
  /** `MIRRA_OK` of the C API. */
  ok: 0,
  /** An argument or parameter is null, out of range or of the wrong type. */
  invalid_argument: -1,
  /** A file, task, device, graph or parameter of that name does not exist. */
  not_found: -2,
  /** Reading or writing failed (permission, full disk, missing folder). */
  io: -3,
  /** A file's content contradicts its format. */
  corrupt: -4,
  /** Valid, but this build or version cannot do it. */
  unsupported: -5,
  /** A safety limit (pixels, nodes, bytes) is exceeded. */
  limit: -6,
  /** The memory limit is too small, even for the smallest tile. */
  budget: -7,
  /** The caller cancelled. */
  cancelled: -8,
  /** The device is missing or failed. */
  device: -9,
  /** A plugin is missing, incompatible or failed. */
  plugin: -10,
  /** Two inputs do not fit together (bundle and task, shapes, sizes). */
  mismatch: -11,
  /** An allocation failed. */
  out_of_memory: -12,
  /** The object is in use by another call. */
  busy: -13,
  /** The time given for a wait is over; what was waited for goes on. */
  timeout: -14,
  /** A bug in Mirra. */
  internal: -99,
} as const;
/** How a call of the C API ended. */
export type Status = keyof typeof statusValues;

/** The numbers of {@link LogLevel} in the C API. */
export const logLevelValues = {
  /** `MIRRA_LOG_DEBUG` of the C API. */
  debug: 0,
  /** `MIRRA_LOG_INFO` of the C API. */
  info: 1,
  /** `MIRRA_LOG_WARNING` of the C API. */
  warning: 2,
  /** `MIRRA_LOG_ERROR` of the C API. */
  error: 3,
} as const;
/** How grave a message is. */
export type LogLevel = keyof typeof logLevelValues;

/** The numbers of {@link EngineFlag} in the C API. */
export const engineFlagValues = {
  /** Load the plugins into a process of its own (mirra-worker, in mirra/ beside the library), and run all sessions and graphs of the engine there. What ends that process (a plugin that crashes, a system short of memory) costs the calls under way a `'plugin'` whose message says how it ended; sessions stay, and the next call starts another process. A run that does not stop within 10 s of its cancellation ends the process. Pixels cross in shared memory, which takes the size of a run's images besides; results are the same. A plugin that ends or blocks the process while it loads is passed over. Relative paths in parameters are those of the folder that this process was in as the worker started. */
  isolation_process: 1,
  /** Look for plugins in `plugin_path` only. */
  plugin_path_only: 2,
  /** Load each plugin in a process of its own first (mirra-worker, in mirra/ beside the library), and pass over one that ends or blocks it. Costs a few milliseconds a file. */
  plugin_scan_process: 4,
  /** `'isolation_process'` if another LibTorch is in this process as the engine is created. Mirra's own bears other names and goes beside it, so this is for those who take no chances. */
  isolation_auto: 8,
} as const;
/** How an engine finds plugins and runs sessions. */
export type EngineFlag = keyof typeof engineFlagValues;

/** The numbers of {@link Type} in the C API. */
export const typeValues = {
  /** `mirra_value.integer`, 0 or 1. */
  bool: 1,
  /** `mirra_value.integer`. */
  int: 2,
  /** `mirra_value.real`. */
  float: 3,
  /** `mirra_value.text`. */
  string: 4,
  /** `mirra_value.text`, one of the choices. */
  enum: 5,
  /** `mirra_port_value.image`. */
  image: 6,
  /** `mirra_port_value.tensor`, `mirra_result_tensors`. */
  tensor: 7,
  /** Parameter: `mirra_value.text`, the path of a file to read, or "". */
  file: 8,
  /** Parameter: `mirra_value.text`, "#rrggbb" or "#rrggbbaa", on the sRGB curve. */
  color: 9,
} as const;
/** Types of ports, parameters and values. */
export type Type = keyof typeof typeValues;

/** The numbers of {@link TaskFlag} in the C API. */
export const taskFlagValues = {
  /** Goes over the whole image first; tiles are read twice or more often. */
  global_statistics: 1,
  /** Runs no network: sessions load neither the runtime module nor LibTorch, and take the processor only. */
  no_network: 2,
  /** Several tiles at once, each on a thread of its own. */
  concurrent_tiles: 4,
} as const;
/** How a task works, where a host should know. */
export type TaskFlag = keyof typeof taskFlagValues;

/** The numbers of {@link Direction} in the C API. */
export const directionValues = {
  /** `MIRRA_PORT_INPUT` of the C API. */
  input: 0,
  /** `MIRRA_PORT_OUTPUT` of the C API. */
  output: 1,
} as const;
/** Whether a run reads a port or writes it. */
export type Direction = keyof typeof directionValues;

/** The numbers of {@link PortFlag} in the C API. */
export const portFlagValues = {
  /** May be left out of a run. */
  optional: 1,
  /** Image: the task sees its own channels; without it, the task sees RGB: gray is repeated on the way in and averaged on the way out, alpha goes round the task untouched. */
  as_is: 2,
  /** Image output: a drawing in colours, which a gray image would lose: give it RGB or RGBA. */
  colored: 4,
  /** Image: alpha goes through the task as a channel behind the colours; 1 where an image has none. At the first input and the output, or at neither. */
  with_alpha: 8,
} as const;
/** What is special about a port. */
export type PortFlag = keyof typeof portFlagValues;

/** The numbers of {@link ParamFlag} in the C API. */
export const paramFlagValues = {
  /** A dialog may hide it at first. */
  advanced: 1,
  /** Still honoured; its doc says what to use instead. */
  deprecated: 2,
  /** A length in pixels of the image: a run on a reduced image (`mirra_run_options.scale`) multiplies it. */
  pixels: 4,
} as const;
/** What is special about a parameter. */
export type ParamFlag = keyof typeof paramFlagValues;

/** The numbers of {@link Precision} in the C API. */
export const precisionValues = {
  /** Bf16 where the device is faster in it than in fp32 (not all that have it are) and the bundle's manifest says that the loss was measured below 0.02 dB; else fp32. */
  auto: 0,
  /** `MIRRA_PRECISION_FP32` of the C API. */
  fp32: 1,
  /** `MIRRA_PRECISION_BF16` of the C API. */
  bf16: 2,
  /** `MIRRA_PRECISION_FP16` of the C API. */
  fp16: 3,
} as const;
/** The numbers that networks compute in. */
export type Precision = keyof typeof precisionValues;

/** The numbers of {@link Format} in the C API. */
export const formatValues = {
  /** 0 ... 255 stand for 0 ... 1. */
  u8: 1,
  /** 0 ... 65535 stand for 0 ... 1; host byte order. */
  u16: 2,
  /** IEEE binary16; nominally 0 ... 1. */
  f16: 3,
  /** Nominally 0 ... 1; tasks write within it. NaN is read as 0. */
  f32: 4,
} as const;
/** What the samples of an image are. */
export type Format = keyof typeof formatValues;

/** The numbers of {@link Color} in the C API. */
export const colorValues = {
  /** `MIRRA_COLOR_GRAY` of the C API. */
  gray: 1,
  /** `MIRRA_COLOR_GRAY_ALPHA` of the C API. */
  gray_alpha: 2,
  /** `MIRRA_COLOR_RGB` of the C API. */
  rgb: 3,
  /** The value is the number of channels. */
  rgba: 4,
} as const;
/** Channels of an image. */
export type Color = keyof typeof colorValues;

/** The numbers of {@link AlphaMode} in the C API. */
export const alphaModeValues = {
  /** `MIRRA_ALPHA_STRAIGHT` of the C API. */
  straight: 0,
  /** Divided out before a task sees the pixels and multiplied in after it. */
  premultiplied: 1,
} as const;
/** What alpha means for the colours. Pixels of alpha 0 take part in nothing. */
export type AlphaMode = keyof typeof alphaModeValues;

/** The numbers of {@link Transfer} in the C API. */
export const transferValues = {
  /** As in files and on screens: sRGB, or what the ICC profile says. */
  encoded: 0,
  /** Linear light: brought to the sRGB curve before a task sees it, and back after it. */
  linear: 1,
} as const;
/** What the samples of an image measure. */
export type Transfer = keyof typeof transferValues;

/** The numbers of {@link ImageFlag} in the C API. */
export const imageFlagValues = {
  /** Pixels lie one behind the other without gaps, row after row: strides must be 0. */
  packed: 1,
} as const;
/** How an image lies in memory. */
export type ImageFlag = keyof typeof imageFlagValues;

/** The numbers of {@link Metadata} in the C API. */
export const metadataValues = {
  /** ICC profile. */
  icc: 1,
  /** TIFF structure, without the "Exif" before it; its orientation is 1. */
  exif: 2,
  /** Packet of XML. */
  xmp: 3,
  /** Photoshop's resources ("8BIM"), in which IPTC lies. */
  photoshop: 4,
} as const;
/** What a picture may hold beside its pixels. */
export type Metadata = keyof typeof metadataValues;

/** The numbers of {@link JobState} in the C API. */
export const jobStateValues = {
  /** `MIRRA_JOB_RUNNING` of the C API. */
  running: 1,
  /** `MIRRA_JOB_DONE` of the C API. */
  done: 2,
  /** `MIRRA_JOB_FAILED` of the C API. */
  failed: 3,
  /** `MIRRA_JOB_CANCELLED` of the C API. */
  cancelled: 4,
} as const;
/** Whether a job runs, or how it ended. */
export type JobState = keyof typeof jobStateValues;

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
  /** Version of the plugin's task that brought it, from 1. */
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
  /** "cpu", "cuda:0": what callers write. */
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
  /** File of the LibTorch that is loaded; "" if none is. */
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
  /** Of the file: 1, 2, 4, 8 or 16; of the format where there was no file. */
  bitDepth: number;
  /** "png", "jpeg"; "" where there was no file. */
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

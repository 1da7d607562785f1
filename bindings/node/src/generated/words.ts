// Derived from mirra.h by scripts/generate.mjs; do not edit.

/** The numbers of {@link Status} in the C API. */
export const statusValues = {
  /** `MIRRA_OK` of the C API. */
  ok: 0,
  /** An argument or parameter is null, out of range or of the wrong type. */
  invalid_argument: -1,
  /** A file, folder, task, device, graph or parameter does not exist. */
  not_found: -2,
  /** Reading or writing failed (permission, full disk). */
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
  /** Load the plugins into a process of its own (mirra-worker, in mirra/ beside the library), and run all sessions and graphs of the engine there. What ends that process (a plugin that crashes, a system short of memory) costs the calls under way a `'plugin'` whose message says how it ended; sessions stay, and the next call starts another process. A run that says nothing for 10 s after its cancellation ends the process. Pixels cross in shared memory, which takes the size of a run's images besides; results are the same. A plugin that ends or blocks the process while it loads is passed over. Relative paths in parameters are those of the folder that this process was in as the worker started. A log callback is called by a thread of the engine's, and makes no calls that need the worker. */
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
  /** Nominally 0 ... 1, where tasks clip but for MIRRA_SETUP_UNBOUNDED. NaN is 0. */
  f32: 4,
  /** `'u16'` in the other byte order: on most machines big-endian, as image.Gray16 of Go, PNG, PNM and many TIFFs have it. */
  u16_swapped: 5,
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

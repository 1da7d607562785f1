import { handleOf as bundleHandle, type Bundle } from './bundle';
import { checkOptions, type OptionNames } from './errors';
import {
  engineFlagValues,
  logLevelValues,
  precisionValues,
  type BundleRecord,
  type DeviceInfo,
  type EngineFlag,
  type LogLevel,
  type ParamInfo,
  type PluginRecord,
  type PortInfo,
  type Precision,
  type RuntimeInfo,
  type TaskInfo,
} from './generated';
import { native, type Handle, type NativeTask } from './native';
import { Session, sessionOptionNames, toParameters, type Parameters, type SessionOptions } from './session';
import { toEntries, toRecord, type GivenTensor, type Tensors } from './tensor';

/** How an engine finds plugins, bundles and its runtime. Everything has a default. */
export interface EngineOptions {
  /**
   * Folders and files of plugins, searched first. Then come the environment's MIRRA_PLUGIN_PATH,
   * ~/.local/share/mirra/plugins, and mirra/plugins beside the library.
   */
  pluginPath?: string | readonly string[];
  /** Plugins that are passed over: names of files, paths or ids. */
  pluginSkip?: string | readonly string[];
  /** Folders of bundles, searched first. Then come MIRRA_BUNDLE_PATH and the installed ones. */
  bundlePath?: string | readonly string[];
  /** See {@link EngineFlag}. */
  flags?: readonly EngineFlag[];
  /** File of the runtime module. */
  runtimeModule?: string;
  /** Folder of the LibTorch that the runtime module runs on. */
  libtorchPath?: string;
  /** Receives messages for people, soon after they were written. */
  log?: (level: LogLevel, message: string) => void;
  /** The least that `log` receives; by default all. */
  logLevel?: LogLevel;
  /** Called with the file of each plugin before anything of it runs, within the constructor. */
  onLoading?: (path: string) => void;
}

/** A parameter of a task, with its default as JavaScript has it. */
export interface Param extends ParamInfo {
  /** What the parameter is where nobody says anything. */
  default: boolean | number | string;
}

/** A task, with its ports and parameters. */
export interface Task extends TaskInfo {
  /** Its inputs and outputs. */
  ports: PortInfo[];
  /** Its parameters. */
  params: Param[];
}

/** How a network is run by {@link Engine.runGraph}. */
export interface GraphOptions {
  /** By default `'cpu'`. */
  device?: string;
  /** By default `'auto'`. */
  precision?: Precision;
  /** In bytes: the most that the call may add to the process. */
  memoryLimit?: number;
  /** Threads of the CPU kernels; by default as many as the process may use. */
  threads?: number;
}

const engineOptionNames: OptionNames<EngineOptions> = {
  pluginPath: true,
  pluginSkip: true,
  bundlePath: true,
  flags: true,
  runtimeModule: true,
  libtorchPath: true,
  log: true,
  logLevel: true,
  onLoading: true,
};

const graphOptionNames: OptionNames<GraphOptions> = { device: true, precision: true, memoryLimit: true, threads: true };

function toPath(value: string | readonly string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(':') : (value as string | undefined);
}

function withDefault(param: ParamInfo): Param {
  const { type, defaultText, defaultValue } = param;
  return { ...param, default: defaultText ?? (type === 'bool' ? defaultValue !== 0 : defaultValue) };
}

function toTask(task: NativeTask): Task {
  return { ...task, params: task.params.map(withDefault) };
}

/**
 * Owns the plugins, the devices and the compiled networks. A program makes one.
 *
 * Making it takes milliseconds and does not load LibTorch: the first session does. Each worker thread makes its own.
 */
export class Engine {
  readonly #handle: Handle;

  constructor(options: EngineOptions = {}) {
    checkOptions(options, engineOptionNames, 'an engine');
    this.#handle = native.engineCreate({
      flags: (options.flags ?? []).reduce((all, flag) => all | engineFlagValues[flag], 0),
      pluginPath: toPath(options.pluginPath),
      pluginSkip: toPath(options.pluginSkip),
      bundlePath: toPath(options.bundlePath),
      runtimeModule: options.runtimeModule,
      libtorchPath: options.libtorchPath,
      log: options.log,
      logLevel: logLevelValues[options.logLevel ?? 'debug'],
      loading: options.onLoading,
    });
  }

  /** All tasks, those of dropped-in plugins among them. */
  get tasks(): Task[] {
    return native.engineTasks(this.#handle).map(({ name }) => this.task(name));
  }

  /** A task by its name, or by `ID:NAME` with the id of its plugin. */
  task(name: string): Task {
    return toTask(native.engineTask(this.#handle, name));
  }

  /** The bundles that were found. */
  get bundles(): BundleRecord[] {
    return native.engineBundles(this.#handle);
  }

  /** The files that were looked at in the search for plugins, loaded or passed over. */
  get plugins(): PluginRecord[] {
    return native.enginePlugins(this.#handle);
  }

  /** `'cpu'`, which is the first and always there, and what else there is. */
  get devices(): DeviceInfo[] {
    return native.engineDevices(this.#handle);
  }

  /** All tasks as one document, parsed from the library's JSON. */
  get schema(): unknown {
    return JSON.parse(native.engineSchema(this.#handle)) as unknown;
  }

  /** Loads the runtime module, if that has not been done, and says what came of it. */
  async runtime(): Promise<RuntimeInfo> {
    return native.engineRuntime(this.#handle);
  }

  /**
   * The number of the process that runs the engine's sessions, with the flag `'isolation_process'`. It is 0 where that is
   * this process, or there is none at the moment.
   */
  get process(): number {
    return native.engineProcess(this.#handle);
  }

  /** The path of a bundle by its name (`'denoiser.mirra'`), looked for in the folders of bundles. */
  findBundle(name: string): string {
    return native.engineFindBundle(this.#handle, name);
  }

  /**
   * Makes a session of a task: `engine.session('denoise', { sigma: 'auto' })`.
   *
   * The first one loads the runtime, which takes about a second, and the event loop waits. {@link sessionAsync} does not
   * let it wait.
   */
  session(task: string, parameters: Parameters = {}, options: SessionOptions = {}): Session {
    const info = this.task(task);
    return new Session(native.sessionCreateSync(this.#handle, this.#toOptions(task, parameters, options)), info);
  }

  /** As {@link session}, on another thread. */
  async sessionAsync(task: string, parameters: Parameters = {}, options: SessionOptions = {}): Promise<Session> {
    const info = this.task(task);
    return new Session(await native.sessionCreate(this.#handle, this.#toOptions(task, parameters, options)), info);
  }

  #toOptions(task: string, parameters: Parameters, options: SessionOptions): object {
    checkOptions(options, sessionOptionNames, 'a session');
    return {
      task,
      parameters: toParameters(parameters),
      bundle: options.bundle && bundleHandle(options.bundle),
      quality: options.quality,
      device: options.device,
      precision: precisionValues[options.precision ?? 'auto'],
      memoryLimit: options.memoryLimit ?? 0,
      threads: options.threads ?? 0,
      tileSize: options.tileSize ?? 0,
    };
  }

  /**
   * Runs a network of a bundle on tensors `{N, C, H, W}` as it is: no tiles, no colours, no alignment.
   *
   * @returns fp32 tensors by the names of the network's outputs
   */
  async runGraph(
    bundle: Bundle,
    graph: string,
    inputs: Tensors,
    options: GraphOptions = {},
  ): Promise<Record<string, GivenTensor>> {
    checkOptions(options, graphOptionNames, 'runGraph');
    const { precision = 'auto', ...rest } = options;
    const given = { ...rest, precision: precisionValues[precision] };
    return toRecord(await native.graphRun(this.#handle, bundleHandle(bundle), graph, toEntries(inputs), given));
  }

  /**
   * Ends the engine's work: all of its jobs stop with `'cancelled'`, and none begins any more.
   *
   * @param seconds how long to wait for their end; by default until it comes
   */
  async shutdown(seconds = -1): Promise<void> {
    await native.engineShutdown(this.#handle, seconds);
  }

  /** Lets go of the engine. Using it afterwards throws; its sessions go on. */
  close(): void {
    native.close(this.#handle);
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

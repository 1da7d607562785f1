use std::ffi::{CString, c_char, c_void};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mirra_sys as sys;

use crate::ffi::{self, Handle, Struct};
use crate::trouble::{Trouble, quietly};
use crate::{
    BundleRecord, Device, Error, ErrorKind, Param, PluginRecord, Port, Result, Runtime, SessionBuilder, Task,
};

/// Owns the plugins, the devices and the cache of compiled networks. A program makes one.
///
/// Making it loads the plugins: milliseconds. It loads no LibTorch: the first session does. Any threads may use it at
/// once. It may be dropped before its sessions.
///
/// ```
/// let engine = mirra::Engine::new()?;
/// for task in engine.tasks()? {
///     println!("{}: {}", task.name, task.doc);
/// }
/// # Ok::<(), mirra::Error>(())
/// ```
pub struct Engine(Handle<sys::mirra_engine>);

impl Engine {
    /// An engine with the defaults.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// An engine with folders, a log or other options.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// Begins a session of a task, by its name or by `"ID:NAME"` with the id of its plugin.
    pub fn session(&self, task: &str) -> SessionBuilder<'_> {
        SessionBuilder::new(self, task)
    }

    /// All tasks, with ports and parameters; those of dropped-in plugins too.
    pub fn tasks(&self) -> Result<Vec<Task>> {
        let count = unsafe { sys::mirra_engine_task_count(self.get()) };
        (0..count)
            .map(|index| {
                self.describe(&ffi::filled(|info, error| unsafe {
                    sys::mirra_engine_task(self.get(), index, info, error)
                })?)
            })
            .collect()
    }

    /// A task, by its name or by `"ID:NAME"`. The error's hint lists the tasks.
    pub fn task(&self, name: &str) -> Result<Task> {
        let name = ffi::c_text(name)?;
        self.describe(&ffi::filled(|info, error| unsafe {
            sys::mirra_engine_find_task(self.get(), name.as_ptr(), info, error)
        })?)
    }

    /// All tasks with ports and parameters as one JSON document.
    #[must_use]
    pub fn schema_json(&self) -> &str {
        // SAFETY: it lives as long as the engine.
        unsafe { ffi::text_ref(sys::mirra_engine_schema_json(self.get())) }
    }

    /// The bundles in the folders that [`find_bundle`](Engine::find_bundle) looks in. The first call looks; what is found
    /// then stays.
    pub fn bundles(&self) -> Result<Vec<BundleRecord>> {
        let count = unsafe { sys::mirra_engine_bundle_count(self.get()) };
        (0..count)
            .map(|index| {
                let info: sys::mirra_bundle_record = ffi::filled(|info, error| unsafe {
                    sys::mirra_engine_bundle(self.get(), index, info, error)
                })?;
                // SAFETY: the strings live as long as the engine.
                Ok(unsafe { BundleRecord::from_raw(&info) })
            })
            .collect()
    }

    /// The path of a bundle. A name without a slash is looked for in the folders of bundles, and nowhere else; one with a
    /// slash is a path.
    pub fn find_bundle(&self, name: &str) -> Result<PathBuf> {
        let name = ffi::c_text(name)?;
        let path = ffi::given(|path, error| unsafe {
            sys::mirra_engine_find_bundle(self.get(), name.as_ptr(), path, error)
        })?;
        // SAFETY: the string was given to this caller.
        unsafe {
            let found = ffi::path(path.as_ptr());
            sys::mirra_string_free(path.as_ptr());
            Ok(found)
        }
    }

    /// The files that were looked at in the search for plugins, in the order of the search. One that could not be loaded
    /// says why.
    pub fn plugins(&self) -> Result<Vec<PluginRecord>> {
        let count = unsafe { sys::mirra_engine_plugin_count(self.get()) };
        (0..count)
            .map(|index| {
                let info: sys::mirra_plugin_record = ffi::filled(|info, error| unsafe {
                    sys::mirra_engine_plugin(self.get(), index, info, error)
                })?;
                // SAFETY: the strings live as long as the engine.
                Ok(unsafe { PluginRecord::from_raw(&info) })
            })
            .collect()
    }

    /// The devices: `"cpu"` first, and always there.
    pub fn devices(&self) -> Result<Vec<Device>> {
        let count = unsafe { sys::mirra_engine_device_count(self.get()) };
        (0..count)
            .map(|index| {
                let info: sys::mirra_device_info = ffi::filled(|info, error| unsafe {
                    sys::mirra_engine_device(self.get(), index, info, error)
                })?;
                // SAFETY: the strings live as long as the engine.
                Ok(unsafe { Device::from_raw(&info) })
            })
            .collect()
    }

    /// Loads the runtime module, if that has not been done, and says what came of it.
    pub fn runtime(&self) -> Result<Runtime> {
        let info: sys::mirra_runtime_info =
            ffi::filled(|info, error| unsafe { sys::mirra_engine_runtime(self.get(), info, error) })?;
        // SAFETY: the strings live as long as the engine.
        Ok(unsafe { Runtime::from_raw(&info) })
    }

    /// The process that runs the engine's sessions ([`EngineBuilder::isolation_process`]); `None`: this one, or none at the
    /// moment.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        let process = unsafe { sys::mirra_engine_process(self.get()) };
        u32::try_from(process).ok().filter(|&process| process != 0)
    }

    /// Ends the work of the engine: all of its runs and jobs stop with [`Cancelled`](crate::ErrorKind::Cancelled), none
    /// begins any more, and the call waits until they have ended; for ever, if `within` is `None`. After
    /// [`Timeout`](crate::ErrorKind::Timeout) it may be called again.
    pub fn shutdown(&self, within: Option<Duration>) -> Result<()> {
        let seconds = within.map_or(-1.0, |within| within.as_secs_f64());
        ffi::check(|error| unsafe { sys::mirra_engine_shutdown(self.get(), seconds, error) })
    }

    pub(crate) fn get(&self) -> *mut sys::mirra_engine {
        self.0.get()
    }

    pub(crate) fn ports(&self, task: &CString, count: u32) -> Result<Vec<Port>> {
        (0..count)
            .map(|index| {
                let info: sys::mirra_port_info = ffi::filled(|info, error| unsafe {
                    sys::mirra_engine_port(self.get(), task.as_ptr(), index, info, error)
                })?;
                // SAFETY: the strings live as long as the engine.
                Ok(unsafe { Port::from_raw(&info) })
            })
            .collect()
    }

    fn describe(&self, info: &sys::mirra_task_info) -> Result<Task> {
        // SAFETY: the strings live as long as the engine.
        let name = ffi::c_text(unsafe { ffi::text(info.name) })?;
        let params = (0..info.param_count)
            .map(|index| {
                let info: sys::mirra_param_info = ffi::filled(|info, error| unsafe {
                    sys::mirra_engine_param(self.get(), name.as_ptr(), index, info, error)
                })?;
                // SAFETY: as above.
                Ok(unsafe { Param::from_raw(&info) })
            })
            .collect::<Result<_>>()?;
        // SAFETY: as above.
        Ok(unsafe { Task::from_raw(info, self.ports(&name, info.port_count)?, params) })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For who looks for a fault.
    Debug,
    /// `"loading the plugin FILE"`, for instance.
    Info,
    /// Something was passed over.
    Warning,
    /// Something failed.
    Error,
}

impl LogLevel {
    pub(crate) fn from_raw(raw: sys::mirra_log_level) -> Self {
        match raw {
            sys::MIRRA_LOG_DEBUG => Self::Debug,
            sys::MIRRA_LOG_INFO => Self::Info,
            sys::MIRRA_LOG_WARNING => Self::Warning,
            _ => Self::Error,
        }
    }

    fn raw(self) -> sys::mirra_log_level {
        match self {
            Self::Debug => sys::MIRRA_LOG_DEBUG,
            Self::Info => sys::MIRRA_LOG_INFO,
            Self::Warning => sys::MIRRA_LOG_WARNING,
            Self::Error => sys::MIRRA_LOG_ERROR,
        }
    }
}

type Log = Box<dyn Fn(LogLevel, &str) + Send + Sync>;
type Loading = Box<dyn FnMut(&Path)>;

/// How an engine finds plugins and runs sessions: [`Engine::builder`].
#[derive(Default)]
#[must_use]
pub struct EngineBuilder {
    plugin_path: Vec<PathBuf>,
    bundle_path: Vec<PathBuf>,
    plugin_skip: Vec<String>,
    runtime_module: Option<PathBuf>,
    libtorch_path: Option<PathBuf>,
    flags: sys::mirra_engine_flags,
    log: Option<(LogLevel, Log)>,
    loading: Option<Loading>,
}

impl EngineBuilder {
    /// A folder of plugins, or a plugin's file, to be searched first.
    pub fn plugin_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.plugin_path.push(path.into());
        self
    }

    /// Looks for plugins in the given paths only.
    pub fn plugin_path_only(mut self) -> Self {
        self.flags |= sys::MIRRA_PLUGIN_PATH_ONLY;
        self
    }

    /// Passes a plugin over: the name of its file, its path or its id.
    pub fn plugin_skip(mut self, plugin: impl Into<String>) -> Self {
        self.plugin_skip.push(plugin.into());
        self
    }

    /// Loads each plugin in a process of its own first, and passes over one that ends or blocks it.
    pub fn plugin_scan_process(mut self) -> Self {
        self.flags |= sys::MIRRA_PLUGIN_SCAN_PROCESS;
        self
    }

    /// Loads the plugins into a process of its own, and runs all sessions and graphs of the engine there. What ends that
    /// process costs the calls under way an [`ErrorKind::Plugin`]; sessions stay, and the next call starts another process.
    pub fn isolation_process(mut self) -> Self {
        self.flags |= sys::MIRRA_ISOLATION_PROCESS;
        self
    }

    /// The same if another LibTorch is in this process as the engine is made.
    pub fn isolation_auto(mut self) -> Self {
        self.flags |= sys::MIRRA_ISOLATION_AUTO;
        self
    }

    /// A folder of bundles, searched behind that of the task's plugin.
    pub fn bundle_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.bundle_path.push(folder.into());
        self
    }

    /// The file of the runtime module.
    pub fn runtime_module(mut self, file: impl Into<PathBuf>) -> Self {
        self.runtime_module = Some(file.into());
        self
    }

    /// The folder of the LibTorch that the runtime module runs on.
    pub fn libtorch_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.libtorch_path = Some(folder.into());
        self
    }

    /// Receives messages for people, of that level and graver ones, from any thread. If it panics, it is not called again.
    pub fn log(mut self, level: LogLevel, log: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        self.log = Some((level, Box::new(log)));
        self
    }

    /// Is told of each plugin's file before anything of it runs, within [`build`](EngineBuilder::build). A panic comes out
    /// of that.
    pub fn loading(mut self, loading: impl FnMut(&Path) + 'static) -> Self {
        self.loading = Some(Box::new(loading));
        self
    }

    /// Makes the engine. A plugin that cannot be loaded is no error: see [`Engine::plugins`].
    pub fn build(mut self) -> Result<Engine> {
        let [plugins, bundles] = [&self.plugin_path, &self.bundle_path].map(|paths| joined(paths));
        let (plugins, bundles) = (plugins?, bundles?);
        let skip =
            if self.plugin_skip.is_empty() { None } else { Some(ffi::c_text(self.plugin_skip.join(":"))?) };
        let module = self.runtime_module.as_ref().map(ffi::c_path).transpose()?;
        let libtorch = self.libtorch_path.as_ref().map(ffi::c_path).transpose()?;
        let mut options = sys::mirra_engine_options::sized();
        options.flags = self.flags;
        options.plugin_path = ffi::or_null(plugins.as_ref());
        options.bundle_path = ffi::or_null(bundles.as_ref());
        options.plugin_skip = ffi::or_null(skip.as_ref());
        options.runtime_module = ffi::or_null(module.as_ref());
        options.libtorch_path = ffi::or_null(libtorch.as_ref());
        if let Some((level, log)) = self.log.take() {
            options.log_level = level.raw();
            options.log = Some(Logger::log);
            options.log_user = Box::into_raw(Box::new(Logger { log, failed: AtomicBool::new(false) })).cast();
            options.log_user_free = Some(Logger::free);
        }
        let mut listener = self.loading.map(|loading| Listener { loading, trouble: Trouble::default() });
        if let Some(listener) = &mut listener {
            options.loading = Some(Listener::loading);
            options.loading_user = ptr::from_mut(listener).cast();
        }
        let made = Handle::made(|engine, error| unsafe {
            sys::mirra_engine_create(&raw const options, engine, error)
        })
        .map(Engine);
        match listener {
            Some(listener) => listener.trouble.outcome(made),
            None => made,
        }
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("plugin_path", &self.plugin_path)
            .field("bundle_path", &self.bundle_path)
            .field("plugin_skip", &self.plugin_skip)
            .finish_non_exhaustive()
    }
}

/// Paths separated by ':'.
fn joined(paths: &[PathBuf]) -> Result<Option<CString>> {
    if paths.is_empty() {
        return Ok(None);
    }
    if let Some(path) = paths.iter().find(|path| path.as_os_str().as_bytes().contains(&b':')) {
        let message = "a path with a colon cannot be searched: colons separate paths";
        return Err(Error::new(ErrorKind::InvalidArgument, message).with_subject(path.to_string_lossy()));
    }
    let paths: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
    ffi::c_text(paths.join(&b':')).map(Some)
}

struct Logger {
    log: Log,
    failed: AtomicBool,
}

impl Logger {
    unsafe extern "C" fn log(user: *mut c_void, level: sys::mirra_log_level, message: *const c_char) {
        // SAFETY: `user` lives until `free`; the message lives during the call.
        let (logger, message) = unsafe { (&*user.cast::<Self>(), ffi::text(message)) };
        let calls = || (logger.log)(LogLevel::from_raw(level), &message);
        if !logger.failed.load(Ordering::Relaxed) && !quietly(calls) {
            logger.failed.store(true, Ordering::Relaxed);
        }
    }

    unsafe extern "C" fn free(user: *mut c_void) {
        // SAFETY: the library calls it once, when no call of `log` follows.
        quietly(|| drop(unsafe { Box::from_raw(user.cast::<Self>()) }));
    }
}

struct Listener {
    loading: Loading,
    trouble: Trouble,
}

impl Listener {
    unsafe extern "C" fn loading(user: *mut c_void, path: *const c_char) {
        // SAFETY: the listener outlives the only call that calls this; the path lives during the call.
        let (listener, path) = unsafe { (&mut *user.cast::<Self>(), ffi::path(path)) };
        listener.trouble.guard(|| (listener.loading)(&path));
    }
}

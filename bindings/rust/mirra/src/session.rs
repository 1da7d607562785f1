use std::ffi::CString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use mirra_sys as sys;

use crate::ffi::{self, Handle, Struct};
use crate::value::RawValue;
use crate::{Bundle, Direction, Engine, Error, ErrorKind, Param, Precision, Rect, Result, Type, Value};

/// A task, with its bundle, on a device, with its parameters set.
///
/// One call at a time: what changes a session or runs it takes `&mut self`. While a [`Job`](crate::Job) of it runs, every
/// call but [`info`](Session::info) and [`params`](Session::params) gives [`ErrorKind::Busy`]. Different sessions run at the
/// same time; [`try_clone`](Session::try_clone) makes one for another thread, which shares the networks.
pub struct Session {
    handle: Handle<sys::mirra_session>,
    ports: Arc<MainPorts>,
}

/// The names of a task's first image input and of its image output.
pub(crate) struct MainPorts {
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
}

/// What a session is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The task's name.
    pub task: String,
    /// Of the plugin that brought the task.
    pub plugin_id: String,
    /// Empty where the bundle came from memory, or there is none.
    pub bundle_path: PathBuf,
    /// `""` where there is none.
    pub bundle_name: String,
    /// Of its tensors, in hex; `""` likewise.
    pub bundle_sha256: String,
    /// The quality that was asked for; `""` if none was.
    pub quality: String,
    /// `"cpu"`, `"cuda:0"`.
    pub device: String,
    /// Never [`Precision::Auto`].
    pub precision: Precision,
    /// Why that precision.
    pub precision_reason: String,
    /// In bytes; 0: none.
    pub memory_limit: u64,
    /// 0: as many as the process may use.
    pub threads: u32,
    /// 0: chosen.
    pub tile_size: u32,
}

/// What a run would do: [`Session::plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// False if no tile is small enough for the memory limit: see `required_bytes`.
    pub fits: bool,
    /// How many tiles there are.
    pub tile_count: u64,
    /// Width and height that the network sees of the largest tile.
    pub tile_size: (u64, u64),
    /// Pixels of overlap that the network needs: left, top, right, bottom.
    pub halo: [u64; 4],
    /// Tiles are multiples of it.
    pub alignment: u64,
    /// Upper bound of what the session adds to the process; `base_bytes` included.
    pub peak_bytes: u64,
    /// Of these, the runtime's library.
    pub base_bytes: u64,
    /// The smallest memory limit with which the image can be done.
    pub required_bytes: u64,
    /// The session's; 0: none.
    pub memory_limit: u64,
    /// Never [`Precision::Auto`].
    pub precision: Precision,
    /// Why that precision.
    pub precision_reason: String,
    /// The session's.
    pub device: String,
    /// Width and height of the output image.
    pub output_size: (u32, u32),
}

impl Session {
    /// Sets a parameter: `session.set("sigma", 12.5)`, `session.set("sigma", "auto")`. A refused value (name, type or range)
    /// leaves the parameter as it was; the error's subject is the parameter.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<()> {
        let (name, value) = (ffi::c_text(name)?, RawValue::new(value.into())?);
        ffi::check(|error| unsafe {
            sys::mirra_session_set(self.get(), name.as_ptr(), value.as_ptr(), error)
        })
    }

    /// The same from text, as a person writes it: `"auto"`, `"12.5"`, `"true"`.
    pub fn set_text(&mut self, name: &str, text: &str) -> Result<()> {
        let (name, text) = (ffi::c_text(name)?, ffi::c_text(text)?);
        ffi::check(|error| unsafe {
            sys::mirra_session_set_text(self.get(), name.as_ptr(), text.as_ptr(), error)
        })
    }

    /// Sets parameters from a JSON object, `{"sigma": 12.5}`: all of them or, where one is refused, none.
    pub fn set_json(&mut self, json: &str) -> Result<()> {
        let json = ffi::c_text(json)?;
        ffi::check(|error| unsafe { sys::mirra_session_set_json(self.get(), json.as_ptr(), error) })
    }

    /// The value of a parameter. At first it has the bundle's default, or else the task's.
    // The text lives until the parameter is set, which needs `&mut self`; of two threads that ask at once, one may get
    // `Busy`.
    pub fn value(&self, name: &str) -> Result<Value> {
        let name = ffi::c_text(name)?;
        let raw: sys::mirra_value = ffi::filled(|value, error| unsafe {
            sys::mirra_session_get(self.get(), name.as_ptr(), value, error)
        })?;
        // SAFETY: as above.
        Ok(unsafe { Value::from_raw(&raw) })
    }

    /// All parameters as a JSON object, in the order of the schema.
    pub fn json(&self) -> Result<String> {
        let text = ffi::given(|json, error| unsafe { sys::mirra_session_get_json(self.get(), json, error) })?;
        // SAFETY: the string was given to this caller.
        Ok(unsafe { ffi::take_text(text) })
    }

    /// Gives a parameter the value that it had at first.
    pub fn reset(&mut self, name: &str) -> Result<()> {
        let name = ffi::c_text(name)?;
        ffi::check(|error| unsafe { sys::mirra_session_reset(self.get(), name.as_ptr(), error) })
    }

    /// Gives all parameters the values that they had at first.
    pub fn reset_all(&mut self) -> Result<()> {
        ffi::check(|error| unsafe { sys::mirra_session_reset(self.get(), std::ptr::null(), error) })
    }

    /// The parameters, with what the session's bundle says: its defaults, ranges and choices.
    pub fn params(&self) -> Result<Vec<Param>> {
        let mut params = Vec::new();
        loop {
            let info: Result<sys::mirra_param_info> = ffi::filled(|info, error| unsafe {
                sys::mirra_session_param(self.get(), params.len() as u32, info, error)
            });
            match info {
                // SAFETY: the strings live as long as the session.
                Ok(info) => params.push(unsafe { Param::from_raw(&info) }),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(params),
                Err(error) => return Err(error),
            }
        }
    }

    /// Another session with the same options and parameters, which shares the networks; for a thread of its own.
    pub fn try_clone(&self) -> Result<Self> {
        let handle =
            Handle::made(|clone, error| unsafe { sys::mirra_session_clone(self.get(), clone, error) })?;
        Ok(Self { handle, ports: Arc::clone(&self.ports) })
    }

    /// What it is made of.
    pub fn info(&self) -> Result<SessionInfo> {
        let info: sys::mirra_session_info =
            ffi::filled(|info, error| unsafe { sys::mirra_session_get_info(self.get(), info, error) })?;
        // SAFETY: the strings live as long as the session.
        Ok(unsafe {
            SessionInfo {
                task: ffi::text(info.task),
                plugin_id: ffi::text(info.plugin_id),
                bundle_path: ffi::path(info.bundle_path),
                bundle_name: ffi::text(info.bundle_name),
                bundle_sha256: ffi::text(info.bundle_sha256),
                quality: ffi::text(info.quality),
                device: ffi::text(info.device),
                precision: Precision::from_raw(info.precision),
                precision_reason: ffi::text(info.precision_reason),
                memory_limit: info.memory_limit,
                threads: info.threads as u32,
                tile_size: info.tile_size as u32,
            }
        })
    }

    /// What a run on an image of that size would do, without doing it.
    pub fn plan(&self, width: u32, height: u32) -> Result<Plan> {
        let (width, height) = (side(width)?, side(height)?);
        let raw: sys::mirra_plan = ffi::filled(|plan, error| unsafe {
            sys::mirra_session_plan(self.get(), width, height, plan, error)
        })?;
        // SAFETY: the strings live as long as the session.
        let (device, reason) = unsafe { (ffi::text(raw.device), ffi::text(raw.precision_reason)) };
        Ok(Plan {
            fits: raw.fits != 0,
            tile_count: raw.tile_count,
            tile_size: (raw.tile_width as u64, raw.tile_height as u64),
            halo: [raw.halo_left, raw.halo_top, raw.halo_right, raw.halo_bottom].map(|pixels| pixels as u64),
            alignment: raw.alignment as u64,
            peak_bytes: raw.peak_bytes,
            base_bytes: raw.base_bytes,
            required_bytes: raw.required_bytes,
            memory_limit: raw.memory_limit,
            precision: Precision::from_raw(raw.precision),
            precision_reason: reason,
            device,
            output_size: (raw.output_width as u32, raw.output_height as u32),
        })
    }

    /// The rectangle of an input of `width` x `height` pixels that a run with that region of the output reads.
    pub fn required(&self, width: u32, height: u32, region: Rect) -> Result<Rect> {
        let (width, height, region) = (side(width)?, side(height)?, region.raw());
        let raw: sys::mirra_rect = ffi::filled(|required, error| unsafe {
            sys::mirra_session_required(self.get(), width, height, &raw const region, required, error)
        })?;
        Ok(Rect::from_raw(&raw))
    }

    pub(crate) fn get(&self) -> *mut sys::mirra_session {
        self.handle.get()
    }

    pub(crate) fn main_ports(&self) -> Arc<MainPorts> {
        Arc::clone(&self.ports)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.info()).finish()
    }
}

fn side(pixels: u32) -> Result<i32> {
    i32::try_from(pixels)
        .map_err(|_| Error::new(ErrorKind::Limit, format!("a side of {pixels} pixels is too large")))
}

/// Makes a session: [`Engine::session`].
#[must_use]
pub struct SessionBuilder<'a> {
    engine: &'a Engine,
    task: String,
    bundle: Option<&'a Bundle>,
    device: Option<String>,
    quality: Option<String>,
    options: sys::mirra_session_options,
    values: Vec<(String, Value)>,
}

impl<'a> SessionBuilder<'a> {
    pub(crate) fn new(engine: &'a Engine, task: &str) -> Self {
        Self {
            engine,
            task: task.to_owned(),
            bundle: None,
            device: None,
            quality: None,
            options: sys::mirra_session_options::sized(),
            values: Vec::new(),
        }
    }

    /// Another bundle than the task's default.
    pub fn bundle(mut self, bundle: &'a Bundle) -> Self {
        self.bundle = Some(bundle);
        self
    }

    /// One of [`Task::qualities`](crate::Task::qualities): `"fast"`, `"balanced"`, `"best"`.
    pub fn quality(mut self, quality: impl Into<String>) -> Self {
        self.quality = Some(quality.into());
        self
    }

    /// `"cpu"`, which is the default, `"cuda:0"`, or several: `"cuda:0,1"`, `"cuda:all"`. No silent fallback.
    pub fn device(mut self, id: impl Into<String>) -> Self {
        self.device = Some(id.into());
        self
    }

    /// The numbers that networks compute in.
    pub fn precision(mut self, precision: Precision) -> Self {
        self.options.precision = precision.raw();
        self
    }

    /// The most bytes that the session may add to the process; your images do not count. Kept by smaller tiles, or
    /// [`ErrorKind::Budget`], which names the bytes needed. 0: no limit.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.options.memory_limit = bytes;
        self
    }

    /// Of the processor, at most 1024; 0: as many as the process may use.
    pub fn threads(mut self, threads: u32) -> Self {
        self.options.threads = i32::try_from(threads).unwrap_or(i32::MAX);
        self
    }

    /// Largest height and width of a tile in pixels, overlap included; 0: chosen.
    pub fn tile_size(mut self, pixels: u32) -> Self {
        self.options.tile_size = i32::try_from(pixels).unwrap_or(i32::MAX);
        self
    }

    /// A parameter of the task, as by [`Session::set`].
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.push((name.into(), value.into()));
        self
    }

    /// Makes the session. The first one that needs a network loads LibTorch.
    pub fn create(mut self) -> Result<Session> {
        let task = ffi::c_text(&self.task)?;
        let device = self.device.as_ref().map(ffi::c_text).transpose()?;
        let quality = self.quality.as_ref().map(ffi::c_text).transpose()?;
        self.options.task = task.as_ptr();
        self.options.bundle = self.bundle.map_or(std::ptr::null(), |bundle| bundle.get().cast_const());
        self.options.device = ffi::or_null(device.as_ref());
        self.options.quality = ffi::or_null(quality.as_ref());
        let handle = Handle::made(|session, error| unsafe {
            sys::mirra_session_create(self.engine.get(), &raw const self.options, session, error)
        })?;
        let mut session = Session { handle, ports: Arc::new(main_ports(self.engine, &task)?) };
        for (name, value) in self.values {
            session.set(&name, value)?;
        }
        Ok(session)
    }
}

impl fmt::Debug for SessionBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("task", &self.task)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

fn main_ports(engine: &Engine, task: &CString) -> Result<MainPorts> {
    let info: sys::mirra_task_info = ffi::filled(|info, error| unsafe {
        sys::mirra_engine_find_task(engine.get(), task.as_ptr(), info, error)
    })?;
    let ports = engine.ports(task, info.port_count)?;
    let first = |direction| {
        ports
            .iter()
            .find(|port| port.direction == direction && port.type_ == Type::Image)
            .map(|port| port.name.clone())
    };
    Ok(MainPorts { input: first(Direction::Input), output: first(Direction::Output) })
}

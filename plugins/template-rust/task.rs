//! A task: what it says of itself, and a session of it as the functions that the host calls.

use std::ffi::{CStr, c_char, c_void};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use super::*;

/// What one session needs. Calls come one at a time, on changing threads; with `MIRRA_TASK_CONCURRENT_TILES` several of
/// `process` at once.
pub trait Session: Default + Send + Sync {
    /// Reads the parameters and says what the task needs. Called before plans and runs.
    ///
    /// # Errors
    /// What makes no sense.
    fn configure(&mut self, host: &Host, setup: &mut mirra_setup) -> Result<()>;

    /// Called once a run, before its tiles.
    ///
    /// # Errors
    /// Why the run cannot be.
    fn begin(&mut self, _host: &Host) -> Result<()> {
        Ok(())
    }

    /// One tile: {1, 3, H, W} in, one of the same shape out.
    ///
    /// # Errors
    /// Why it cannot be made.
    fn process(&self, host: &Host, tile: &mirra_tile, input: &Tensor) -> Result<Tensor>;

    /// Called once a run, after its tiles.
    ///
    /// # Errors
    /// Why the run has failed after all.
    fn finish(&mut self, _host: &Host) -> Result<()> {
        Ok(())
    }
}

struct Instance<S> {
    api: *const mirra_host_api,
    session: S,
}

impl<S> Instance<S> {
    fn host<'a>(&self, context: *mut mirra_context) -> Host<'a> {
        // SAFETY: the host's table lives as long as the process.
        Host {
            api: unsafe { &*self.api },
            context,
        }
    }
}

unsafe extern "C" fn create<S: Session>(
    _user: *mut c_void,
    api: *const mirra_host_api,
    instance: *mut *mut c_void,
    error: *mut *mut mirra_error,
) -> mirra_status {
    let make = || {
        let made = Box::new(Instance {
            api,
            session: S::default(),
        });
        // SAFETY: the host takes the instance.
        unsafe { *instance = Box::into_raw(made).cast() };
        Ok(())
    };
    // SAFETY: the host's own table.
    unsafe { guarded(api, error, make) }
}

unsafe extern "C" fn destroy<S: Session>(instance: *mut c_void) {
    // SAFETY: what `create` made, and the host's last use of it.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<S>>()) };
    let api = instance.api;
    if catch_unwind(AssertUnwindSafe(|| drop(instance))).is_err() {
        // SAFETY: the table lives as long as the process.
        unsafe {
            wanted((*api).log)(
                api,
                MIRRA_LOG_WARNING,
                c"a session panicked at its end".as_ptr(),
            );
        }
    }
}

/// Calls a function of the session that the host calls by itself, while no tile is computed.
///
/// # Safety
/// `instance` is what `create` made, and `error` may be written.
unsafe fn alone<S: Session>(
    instance: *mut c_void,
    context: *mut mirra_context,
    error: *mut *mut mirra_error,
    action: impl FnOnce(&mut S, &Host) -> Result<()>,
) -> mirra_status {
    // SAFETY: the caller's promise.
    unsafe {
        let instance = &mut *instance.cast::<Instance<S>>();
        let host = instance.host(context);
        guarded(instance.api, error, || action(&mut instance.session, &host))
    }
}

unsafe extern "C" fn configure<S: Session>(
    instance: *mut c_void,
    context: *mut mirra_context,
    setup: *mut mirra_setup,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: the host's own pointers; its struct is at least as long as that of ABI 1.
    unsafe {
        alone(instance, context, error, |session: &mut S, host| {
            session.configure(host, &mut *setup)
        })
    }
}

unsafe extern "C" fn begin<S: Session>(
    instance: *mut c_void,
    context: *mut mirra_context,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: the host's own pointers.
    unsafe {
        alone(instance, context, error, |session: &mut S, host| {
            session.begin(host)
        })
    }
}

unsafe extern "C" fn finish<S: Session>(
    instance: *mut c_void,
    context: *mut mirra_context,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: the host's own pointers.
    unsafe {
        alone(instance, context, error, |session: &mut S, host| {
            session.finish(host)
        })
    }
}

unsafe extern "C" fn process<S: Session>(
    instance: *mut c_void,
    context: *mut mirra_context,
    tile: *const mirra_tile,
    input: *const mirra_tensor,
    output: *mut *mut mirra_tensor,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: the host's own pointers. Several tiles at once read the instance, and nothing changes it meanwhile.
    unsafe {
        let instance = &*instance.cast::<Instance<S>>();
        let host = instance.host(context);
        // The host's to release.
        let input = ManuallyDrop::new(Tensor {
            api: instance.api,
            tensor: input.cast_mut(),
        });
        guarded(instance.api, error, || {
            let made = ManuallyDrop::new(instance.session.process(&host, &*tile, &input)?);
            *output = made.tensor;
            Ok(())
        })
    }
}

// ---- What a task says of itself. Texts and arrays live as long as the process: literals and statics.

const fn text(text: &'static CStr) -> *const c_char {
    text.as_ptr()
}

/// An input or output.
#[repr(transparent)]
pub struct Port(pub mirra_port_info);
/// A parameter.
#[repr(transparent)]
pub struct Param(pub mirra_param_info);
/// A task.
pub struct Task(mirra_task);

// SAFETY: nobody writes them.
unsafe impl Sync for Port {}
// SAFETY: the same.
unsafe impl Sync for Param {}
// SAFETY: the same.
unsafe impl Sync for Task {}

/// An image that goes in (`MIRRA_PORT_INPUT`) or comes out (`MIRRA_PORT_OUTPUT`).
pub const fn image(
    direction: mirra_direction,
    name: &'static CStr,
    label: &'static CStr,
    doc: &'static CStr,
) -> Port {
    Port(mirra_port_info {
        struct_size: size_of::<mirra_port_info>() as u32,
        direction,
        type_: MIRRA_TYPE_IMAGE,
        name: text(name),
        label: text(label),
        doc: text(doc),
        ..zeroed()
    })
}

const fn param(
    type_: mirra_type,
    name: &'static CStr,
    label: &'static CStr,
    doc: &'static CStr,
) -> mirra_param_info {
    mirra_param_info {
        struct_size: size_of::<mirra_param_info>() as u32,
        type_,
        since: 1,
        name: text(name),
        label: text(label),
        doc: text(doc),
        ..zeroed()
    }
}

/// The values that a number takes.
pub struct Range {
    pub minimum: f64,
    pub maximum: f64,
    /// Where a slider ends.
    pub soft_maximum: f64,
    /// What it is at first.
    pub standard: f64,
}

/// A number: `MIRRA_TYPE_FLOAT` or `MIRRA_TYPE_INT`.
pub const fn number(
    type_: mirra_type,
    name: &'static CStr,
    label: &'static CStr,
    doc: &'static CStr,
    range: Range,
) -> Param {
    Param(mirra_param_info {
        default_value: range.standard,
        minimum: range.minimum,
        maximum: range.maximum,
        soft_minimum: range.minimum,
        soft_maximum: range.soft_maximum,
        ..param(type_, name, label, doc)
    })
}

/// A switch.
pub const fn boolean(
    name: &'static CStr,
    label: &'static CStr,
    doc: &'static CStr,
    standard: bool,
) -> Param {
    let default_value = if standard { 1.0 } else { 0.0 };
    Param(mirra_param_info {
        default_value,
        ..param(MIRRA_TYPE_BOOL, name, label, doc)
    })
}

/// The path of a file to read; at first "".
pub const fn file(name: &'static CStr, label: &'static CStr, doc: &'static CStr) -> Param {
    Param(mirra_param_info {
        default_text: text(c""),
        ..param(MIRRA_TYPE_FILE, name, label, doc)
    })
}

impl Task {
    /// flags: `MIRRA_TASK_*`
    pub const fn new<S: Session>(
        name: &'static CStr,
        label: &'static CStr,
        doc: &'static CStr,
        ports: &'static [Port],
        params: &'static [Param],
        flags: mirra_task_flags,
    ) -> Self {
        Self(mirra_task {
            struct_size: size_of::<mirra_task>() as u32,
            flags,
            name: text(name),
            label: text(label),
            doc: text(doc),
            ports: ports.as_ptr().cast(),
            params: params.as_ptr().cast(),
            port_count: ports.len() as u32,
            param_count: params.len() as u32,
            create: Some(create::<S>),
            destroy: Some(destroy::<S>),
            configure: Some(configure::<S>),
            begin: Some(begin::<S>),
            process: Some(process::<S>),
            finish: Some(finish::<S>),
            ..zeroed()
        })
    }

    /// With a bundle: the file name of the one that serves when none is given.
    pub const fn with_bundle(self, file: &'static CStr) -> Self {
        Self(mirra_task {
            default_bundle: text(file),
            ..self.0
        })
    }
}

/// Registers tasks with the host.
///
/// # Safety
/// `api` is the host's table, and `error` may be written.
pub unsafe fn register(
    api: *const mirra_host_api,
    error: *mut *mut mirra_error,
    tasks: &[&'static Task],
) -> mirra_status {
    // SAFETY: the caller's promise; tasks live as long as the process.
    unsafe {
        guarded(api, error, || {
            let host = Host {
                api: &*api,
                context: ptr::null_mut(),
            };
            let add = wanted(host.api.register_task);
            tasks
                .iter()
                .try_for_each(|task| host.call(|_, error| add(api, &raw const task.0, error)))
        })
    }
}

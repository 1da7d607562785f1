//! A plugin of Mirra: the task "grade", which gives colours by a table of the .cube format. Built as a shared library, and
//! dropped into a folder of plugins, it is there in the command line, in dialogs and in every language.
//!
//! The table of the plugin and its functions are at the end; [`guarded`] is what keeps panics within.

#[rustfmt::skip]
#[allow(dead_code, non_camel_case_types, non_upper_case_globals, non_snake_case, clippy::all, clippy::pedantic)]
mod bindings;
pub mod cube;

use std::ffi::{CStr, CString, c_char, c_void};
use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::SystemTime;

use bindings::{
    MIRRA_E_CORRUPT, MIRRA_E_INTERNAL, MIRRA_E_IO, MIRRA_E_NOT_FOUND, MIRRA_OK, MIRRA_PLUGIN_ABI,
    MIRRA_PORT_INPUT, MIRRA_PORT_OUTPUT, MIRRA_SETUP_ENCODED, MIRRA_TASK_CONCURRENT_TILES,
    MIRRA_TASK_NO_NETWORK, MIRRA_TYPE_FILE, MIRRA_TYPE_FLOAT, MIRRA_TYPE_IMAGE, mirra_context,
    mirra_direction, mirra_error, mirra_host_api, mirra_host_info, mirra_param_info, mirra_plugin_info,
    mirra_port_info, mirra_setup, mirra_status, mirra_task, mirra_tensor, mirra_tile, mirra_value,
};
use cube::Table;

/// A failure: the host's own error, or one of the plugin's.
enum Failure {
    Host(mirra_status, *mut mirra_error),
    Own { code: mirra_status, message: String, subject: String, hint: &'static str },
}

type Result<T> = std::result::Result<T, Failure>;

/// Gives what a call of the host's made, or its error.
fn given(call: impl FnOnce(*mut *mut mirra_error) -> mirra_status) -> Result<()> {
    let mut error = ptr::null_mut();
    match call(&raw mut error) {
        MIRRA_OK => Ok(()),
        status => Err(Failure::Host(status, error)),
    }
}

/// What a session needs. Only `configure` and `begin` change it, which are called while no tile is.
struct Instance {
    host: *const mirra_host_api,
    path: String,
    strength: f32,
    /// The file that was read last, as it was then.
    table: Option<(String, Option<SystemTime>, Table)>,
}

impl Instance {
    fn host(&self) -> &mirra_host_api {
        // SAFETY: the host's table lives as long as the process.
        unsafe { &*self.host }
    }

    fn param(&self, context: *mut mirra_context, name: &CStr) -> Result<mirra_value> {
        // SAFETY: zero is every field's default.
        let mut value: mirra_value = unsafe { std::mem::zeroed() };
        value.struct_size = size_of::<mirra_value>() as u32;
        // SAFETY: the context is that of the call at hand.
        given(|error| unsafe { wanted(self.host().param)(context, name.as_ptr(), &raw mut value, error) })?;
        Ok(value)
    }

    fn configure(&mut self, context: *mut mirra_context, setup: &mut mirra_setup) -> Result<()> {
        let (path, strength) = (self.param(context, c"lut")?, self.param(context, c"strength")?);
        // SAFETY: the text lives as long as the context.
        self.path = unsafe { CStr::from_ptr(path.text) }.to_string_lossy().into_owned();
        self.strength = strength.real as f32;
        // A colour is 12 bytes here, and at least 6 in the file.
        setup.extra_bytes = 2 * std::fs::metadata(&self.path).map_or(0, |file| file.len());
        setup.flags = MIRRA_SETUP_ENCODED;
        Ok(())
    }

    /// Reads the table, unless it is the one that was read last.
    fn begin(&mut self) -> Result<()> {
        if self.path.is_empty() {
            self.table = None;
            return Ok(());
        }
        let failed = |code, message: String| Failure::Own {
            code,
            message,
            subject: self.path.clone(),
            hint: "Give a table of the .cube format, with LUT_3D_SIZE or LUT_1D_SIZE.",
        };
        let file = File::open(&self.path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => failed(MIRRA_E_NOT_FOUND, "there is no such table".to_owned()),
            _ => failed(MIRRA_E_IO, format!("the table cannot be opened: {error}")),
        })?;
        let changed = file.metadata().and_then(|file| file.modified()).ok();
        if matches!(&self.table, Some((path, then, _)) if *path == self.path && *then == changed && changed.is_some())
        {
            return Ok(());
        }
        let table = Table::read(BufReader::new(file))
            .map_err(|reason| failed(MIRRA_E_CORRUPT, format!("the table cannot be used: {reason}")))?;
        self.table = Some((self.path.clone(), changed, table));
        Ok(())
    }

    fn process(&self, context: *mut mirra_context, input: *const mirra_tensor) -> Result<*mut mirra_tensor> {
        let host = self.host();
        let Some((_, _, table)) = &self.table else {
            // SAFETY: the input lives during the call.
            return Ok(unsafe { wanted(host.tensor_retain)(input) });
        };
        let (mut shape, mut strides) = ([0_i64; 4], [0_i64; 4]);
        let (mut from, mut to, mut output) = (ptr::null(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: arrays of four for a tensor of four axes; pointers that are live during the calls.
        unsafe {
            wanted(host.tensor_shape)(input, shape.as_mut_ptr(), 4);
            given(|error| {
                wanted(host.tensor_map)(context, input, &raw mut from, strides.as_mut_ptr(), error)
            })?;
            given(|error| {
                let (shape, to, output) = (shape.as_ptr(), &raw mut to, &raw mut output);
                wanted(host.tensor_create)(context, shape, 4, to, output, error)
            })?;
        }
        let [_, _, height, width] = shape.map(|extent| extent as isize);
        let [_, plane, row, pixel] = strides.map(|stride| stride as isize);
        for y in 0..height {
            for x in 0..width {
                // SAFETY: the places of three channels, by the strides of the input and the shape of the output.
                unsafe {
                    let color = [0, 1, 2].map(|channel| *from.offset(channel * plane + y * row + x * pixel));
                    let graded = table.look_up(color);
                    for channel in 0..3 {
                        let value = color[channel] + (graded[channel] - color[channel]) * self.strength;
                        *to.offset((channel as isize * height + y) * width + x) = value;
                    }
                }
            }
        }
        Ok(output)
    }
}

/// A function of the host's, all of which are there in ABI 1.
fn wanted<F>(function: Option<F>) -> F {
    function.expect("a function of ABI 1")
}

/// Runs a function of the plugin's: errors and panics become a status and an error of the host's.
///
/// # Safety
/// `host` is the host's table, and `error` may be written.
unsafe fn guarded(
    host: *const mirra_host_api,
    error: *mut *mut mirra_error,
    action: impl FnOnce() -> Result<()>,
) -> mirra_status {
    let failure = match catch_unwind(AssertUnwindSafe(action)) {
        Ok(Ok(())) => return MIRRA_OK,
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            let message = format!("the plugin cube-lut panicked: {text}");
            Failure::Own { code: MIRRA_E_INTERNAL, message, subject: String::new(), hint: "" }
        }
    };
    match failure {
        Failure::Host(status, made) => {
            // SAFETY: the caller's promise.
            unsafe { *error = made };
            status
        }
        Failure::Own { code, message, subject, hint } => {
            let text = |text: String| CString::new(text.replace('\0', "\\0")).unwrap_or_default();
            let (message, subject, hint) = (text(message), text(subject), text(hint.to_owned()));
            // SAFETY: the caller's promise; strings are copied.
            unsafe {
                if let Some(create) = (*host).error_create {
                    *error = create(host, code, message.as_ptr(), subject.as_ptr(), hint.as_ptr());
                }
            }
            code
        }
    }
}

unsafe extern "C" fn create(
    _user: *mut c_void,
    host: *const mirra_host_api,
    instance: *mut *mut c_void,
    error: *mut *mut mirra_error,
) -> mirra_status {
    let make = || {
        let made = Instance { host, path: String::new(), strength: 1.0, table: None };
        // SAFETY: the host takes the instance.
        unsafe { *instance = Box::into_raw(Box::new(made)).cast() };
        Ok(())
    };
    // SAFETY: the host's own table.
    unsafe { guarded(host, error, make) }
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    // SAFETY: what `create` made, and the host's last use of it. Dropping memory does not panic.
    drop(unsafe { Box::from_raw(instance.cast::<Instance>()) });
}

unsafe extern "C" fn configure(
    instance: *mut c_void,
    context: *mut mirra_context,
    setup: *mut mirra_setup,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: the host calls one function at a time, tiles excepted, with what `create` made.
    unsafe {
        let instance = &mut *instance.cast::<Instance>();
        guarded(instance.host, error, || instance.configure(context, &mut *setup))
    }
}

unsafe extern "C" fn begin(
    instance: *mut c_void,
    _context: *mut mirra_context,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: as above.
    unsafe {
        let instance = &mut *instance.cast::<Instance>();
        guarded(instance.host, error, || instance.begin())
    }
}

unsafe extern "C" fn process(
    instance: *mut c_void,
    context: *mut mirra_context,
    _tile: *const mirra_tile,
    input: *const mirra_tensor,
    output: *mut *mut mirra_tensor,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: several tiles at once read the instance, and nothing changes it meanwhile.
    unsafe {
        let instance = &*instance.cast::<Instance>();
        guarded(instance.host, error, || {
            *output = instance.process(context, input)?;
            Ok(())
        })
    }
}

/// Data that the host reads, and that live as long as the process.
struct Fixed<T>(T);

// SAFETY: nobody writes them.
unsafe impl<T> Sync for Fixed<T> {}

const fn text(text: &'static CStr) -> *const c_char {
    text.as_ptr()
}

/// A struct of zeros.
const fn zeroed<T>() -> T {
    // SAFETY: used for structs of the header, of which zero is every field's default.
    unsafe { std::mem::zeroed() }
}

const fn port(
    direction: mirra_direction,
    name: &'static CStr,
    label: &'static CStr,
    doc: &'static CStr,
) -> mirra_port_info {
    mirra_port_info {
        struct_size: size_of::<mirra_port_info>() as u32,
        direction,
        type_: MIRRA_TYPE_IMAGE,
        name: text(name),
        label: text(label),
        doc: text(doc),
        ..zeroed()
    }
}

static PORTS: Fixed<[mirra_port_info; 2]> = Fixed([
    port(MIRRA_PORT_INPUT, c"image", c"Image", c"The image to grade."),
    port(MIRRA_PORT_OUTPUT, c"output", c"Output", c"The image, graded."),
]);

static PARAMS: Fixed<[mirra_param_info; 2]> = Fixed([
    mirra_param_info {
        struct_size: size_of::<mirra_param_info>() as u32,
        type_: MIRRA_TYPE_FILE,
        since: 1,
        name: text(c"lut"),
        label: text(c"Table"),
        doc: text(c"The .cube file with the colours: LUT_3D_SIZE or LUT_1D_SIZE. Without one the image stays as it is."),
        default_text: text(c""),
        ..zeroed()
    },
    mirra_param_info {
        struct_size: size_of::<mirra_param_info>() as u32,
        type_: MIRRA_TYPE_FLOAT,
        since: 1,
        name: text(c"strength"),
        label: text(c"Strength"),
        doc: text(c"How much of the table's colours is mixed in: 0 leaves the image, 1 gives the table's."),
        default_value: 1.0,
        minimum: 0.0,
        maximum: 1.0,
        soft_minimum: 0.0,
        soft_maximum: 1.0,
        step: 0.01,
        ..zeroed()
    },
]);

static TASK: Fixed<mirra_task> = Fixed(mirra_task {
    struct_size: size_of::<mirra_task>() as u32,
    flags: MIRRA_TASK_NO_NETWORK | MIRRA_TASK_CONCURRENT_TILES,
    name: text(c"grade"),
    label: text(c"Grade colours"),
    doc: text(c"Gives an image the colours of a table of the .cube format, as cameras and grading programs write them."),
    ports: (&raw const PORTS.0).cast(),
    params: (&raw const PARAMS.0).cast(),
    port_count: 2,
    param_count: 2,
    create: Some(create),
    destroy: Some(destroy),
    configure: Some(configure),
    begin: Some(begin),
    process: Some(process),
    ..zeroed()
});

unsafe extern "C" fn init(
    host: *const mirra_host_api,
    _abi: u32,
    error: *mut *mut mirra_error,
) -> mirra_status {
    // SAFETY: the host's own table; the task lives as long as the process.
    unsafe {
        let register = || given(|error| wanted((*host).register_task)(host, &raw const TASK.0, error));
        guarded(host, error, register)
    }
}

/// What Mirra calls first.
///
/// # Safety
/// `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mirra_plugin_query_v1(
    _host: *const mirra_host_info,
    info: *mut mirra_plugin_info,
) -> mirra_status {
    // SAFETY: the caller's promise.
    let info = unsafe { &mut *info };
    (info.abi_min, info.abi_max) = (1, MIRRA_PLUGIN_ABI);
    (info.id, info.version) = (text(c"org.example.cube-lut"), text(c"1.0.0"));
    info.init = Some(init);
    MIRRA_OK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        unsafe extern "C" fn error_create(
            _host: *const mirra_host_api,
            code: mirra_status,
            message: *const c_char,
            _subject: *const c_char,
            _hint: *const c_char,
        ) -> *mut mirra_error {
            // SAFETY: the message lives during the call.
            let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
            assert!(code == MIRRA_E_INTERNAL && message.contains("no colours"), "{message}");
            ptr::dangling_mut()
        }
        let host = mirra_host_api { error_create: Some(error_create), ..zeroed() };
        let mut error = ptr::null_mut();
        // SAFETY: the table and the error live during the call.
        let status = unsafe { guarded(&raw const host, &raw mut error, || panic!("no colours")) };
        assert_eq!((status, error), (MIRRA_E_INTERNAL, ptr::dangling_mut()));
    }
}

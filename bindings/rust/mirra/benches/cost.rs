//! What a call costs beside the same call of the C interface, in one run; and whether memory grows.
#![allow(missing_docs, reason = "a program")]

#[path = "../tests/suite/support.rs"]
#[expect(dead_code, reason = "the tests' own")]
mod support;

use std::ptr;
use std::time::Instant;

use mirra::image::RgbImage;
use mirra::{Run, Session, sys};

const BATCHES: usize = 40;

/// The task "gain", called as from C.
struct Raw {
    engine: *mut sys::mirra_engine,
    session: *mut sys::mirra_session,
}

/// A struct of zeros with its size.
macro_rules! sized {
    ($name:ident) => {{
        // SAFETY: zero is every field's default.
        let mut made: sys::$name = unsafe { std::mem::zeroed() };
        made.struct_size = size_of::<sys::$name>() as u32;
        made
    }};
}

impl Raw {
    fn new() -> Self {
        let plugins =
            std::ffi::CString::new(support::plugins().as_os_str().as_encoded_bytes()).expect("a path");
        let (mut options, mut wanted) = (sized!(mirra_engine_options), sized!(mirra_session_options));
        options.plugin_path = plugins.as_ptr();
        wanted.task = c"gain".as_ptr();
        let (mut engine, mut session) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: all pointers are live during the calls.
        unsafe {
            let made = sys::mirra_engine_create(&raw const options, &raw mut engine, ptr::null_mut());
            assert_eq!(made, sys::MIRRA_OK);
            let made =
                sys::mirra_session_create(engine, &raw const wanted, &raw mut session, ptr::null_mut());
            assert_eq!(made, sys::MIRRA_OK);
        }
        Self { engine, session }
    }

    fn run(&self, from: &RgbImage, to: &mut RgbImage) {
        let image = |image: &RgbImage, data: *const u8| {
            let mut raw = sized!(mirra_image);
            raw.flags = sys::MIRRA_IMAGE_PACKED;
            (raw.width, raw.height) = (image.width() as i32, image.height() as i32);
            (raw.format, raw.color, raw.plane_count) = (sys::MIRRA_FORMAT_U8, sys::MIRRA_COLOR_RGB, 1);
            raw.planes[0].data = data.cast_mut().cast();
            raw
        };
        let input = image(from, from.as_ptr());
        let pixels = to.as_mut_ptr();
        let output = image(to, pixels);
        let mut ports = [sized!(mirra_port_value), sized!(mirra_port_value)];
        (ports[0].name, ports[0].image) = (c"image".as_ptr(), &raw const input);
        (ports[1].name, ports[1].image) = (c"output".as_ptr(), &raw const output);
        let mut result = ptr::null_mut();
        // SAFETY: the images are live and large enough.
        unsafe {
            let none = ptr::null_mut();
            let done =
                sys::mirra_session_run(self.session, ports.as_ptr(), 2, ptr::null(), &raw mut result, none);
            assert_eq!(done, sys::MIRRA_OK);
            sys::mirra_result_destroy(result);
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: both are this object's.
        unsafe {
            sys::mirra_session_destroy(self.session);
            sys::mirra_engine_destroy(self.engine);
        }
    }
}

fn microseconds(calls: usize, mut call: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..calls).for_each(|_| call());
    begun.elapsed().as_secs_f64() * 1e6 / calls as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Batches of both, in turn, so that what slows the machine down slows both.
fn cost(session: &mut Session, raw: &Raw, side: u32, calls: usize) {
    let from = support::picture(side, side);
    let mut to = RgbImage::new(side, side);
    let (mut c, mut rust, mut more) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        let a = microseconds(calls, || raw.run(&from, &mut to));
        let b = microseconds(calls, || {
            session.run(Run::new().input("image", &from).output("output", &mut to)).expect("done");
        });
        c.push(a);
        rust.push(b);
        more.push(b - a);
    }
    let (c, rust, more) = (median(c), median(rust), median(more));
    let share = 100.0 * more / c;
    println!("{side}x{side}: C {c:.1} us, Rust {rust:.1} us, more {more:+.1} us ({share:+.1} %)");
}

/// Resident memory, in KiB.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Memory before and after what is done often; the first tenth is to warm up.
fn growth(what: &str, times: usize, mut action: impl FnMut()) {
    (0..times / 10).for_each(|_| action());
    let before = resident();
    (0..times).for_each(|_| action());
    println!("{times} {what}: {} KiB, {:+} KiB", before, resident() - before);
}

fn main() {
    let engine = support::engine();
    let raw = Raw::new();
    let mut session = engine.session("gain").create().expect("a session");
    cost(&mut session, &raw, 16, 500);
    cost(&mut session, &raw, 512, 10);

    let small = support::picture(16, 16);
    growth("runs at 16x16", 2000, || drop(session.process(&small).expect("done")));
    growth("jobs at 16x16", 2000, || {
        drop(session.start(small.clone()).expect("begun").wait().expect("done"));
    });
    growth("sessions", 500, || drop(engine.session("gain").create().expect("a session")));
    let mut network = engine.session("denoise").quality("fast").create().expect("a session");
    growth("networks run at 16x16", 200, || drop(network.process(&small).expect("done")));
    growth("sessions with a network", 50, || drop(engine.session("denoise").create().expect("a session")));
}

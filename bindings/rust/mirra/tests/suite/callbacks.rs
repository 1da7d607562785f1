//! Progress, cancelling, and what comes of callbacks that fail or panic.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

use mirra::image::RgbImage;
use mirra::{Cancel, Color, Error, ErrorKind, Format, ImageViewMut, Result, Run, Session, Shape};

use crate::support::{engine, halved, picture, plugins};

fn tiled() -> Session {
    engine().session("gain").tile_size(16).create().expect("a session")
}

/// The message that the action panics with.
fn panic_of<T>(action: impl FnOnce() -> Result<T>) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(action)) else { panic!("it does not panic") };
    (*panic.downcast_ref::<&str>().expect("a message")).to_owned()
}

#[test]
fn progress_comes_and_grows() {
    let mut fractions = Vec::new();
    let mut stages = Vec::new();
    let run = Run::new().progress(|progress| {
        fractions.push(progress.fraction);
        stages.push(progress.stage.to_owned());
        assert!(progress.tile <= progress.tile_count);
    });
    tiled().process_with(&picture(64, 64), run).expect("done");
    assert!(fractions.len() > 4 && fractions.is_sorted(), "{fractions:?}");
    assert!(stages.iter().any(|stage| stage == "process"), "{stages:?}");
}

#[test]
fn a_callback_stops_the_run() {
    let mut session = tiled();
    let image = picture(64, 64);
    let error =
        session.process_with(&image, Run::new().progress(|_| ControlFlow::Break(()))).expect_err("stopped");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let error =
        session.process_with(&image, Run::new().tile(|_, _| ControlFlow::Break(()))).expect_err("stopped");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    session.process_with(&image, Run::new().tile(|_, _| ControlFlow::Continue(()))).expect("it serves on");
}

#[test]
fn a_token_stops_runs_now_and_later() {
    let cancel = Cancel::new().expect("a token");
    let mut session = tiled();
    let image = picture(64, 64);
    session.process_with(&image, Run::new().cancel(&cancel)).expect("not requested");
    let token = cancel.clone();
    let run = Run::new().cancel(&cancel).progress(move |_| token.request());
    assert_eq!(session.process_with(&image, run).expect_err("stopped").kind(), ErrorKind::Cancelled);
    assert!(cancel.requested());
    let run = Run::new().cancel(&cancel);
    assert_eq!(session.process_with(&image, run).expect_err("stopped").kind(), ErrorKind::Cancelled);
}

#[test]
fn panics_come_out_of_the_run_and_the_session_serves_on() {
    let mut session = tiled();
    let image = picture(64, 64);
    let shape = Shape::new(64, 64, Format::U8, Color::Rgb);
    let mut made = RgbImage::new(64, 64);
    let mut calls = 0;
    let run = Run::new().progress(|_| {
        calls += 1;
        assert!(calls == 0, "progress");
    });
    assert_eq!(panic_of(|| session.process_with(&image, run)), "progress");
    assert_eq!(calls, 1, "a callback that panicked is not called again");
    let run = Run::new().tile(|rect, _| assert!(rect.width == 0, "tile"));
    assert_eq!(panic_of(|| session.process_with(&image, run)), "tile");
    let run = Run::new().source("image", shape, |_, _| panic!("source")).output("output", &mut made);
    assert_eq!(panic_of(|| session.run(run)), "source");
    let run = Run::new().input("image", &image).sink("output", shape, |_, _| panic!("sink"));
    assert_eq!(panic_of(|| session.run(run)), "sink");
    assert_eq!(session.process(&image).expect("it serves on"), image);
}

#[test]
fn errors_of_pieces_come_out_as_they_are() {
    let mut session = tiled();
    let shape = Shape::new(64, 64, Format::U8, Color::Rgb);
    let mut made = RgbImage::new(64, 64);
    for kind in [ErrorKind::Io, ErrorKind::Timeout, ErrorKind::Busy, ErrorKind::Other(7)] {
        let fails =
            move |_, _: &mut ImageViewMut<'_>| Err(Error::new(kind, "no tape").with_subject("reel 3"));
        let run = Run::new().source("image", shape, fails).output("output", &mut made);
        let error = session.run(run).expect_err("the source fails");
        assert_eq!((error.kind(), error.message(), error.subject()), (kind, "no tape", "reel 3"));
    }
    let run = Run::new().output("output", &mut made).source(
        "image",
        Shape::new(64, 64, Format::U8, Color::Rgba),
        |_, _| Ok(()),
    );
    assert_eq!(session.run(run).expect_err("alpha").kind(), ErrorKind::Unsupported);
}

#[test]
fn an_isolated_engine_gives_the_same_and_outlives_its_process() {
    let engine =
        mirra::Engine::builder().plugin_path(plugins()).isolation_process().build().expect("an engine");
    let mut session = engine.session("gain").set("gain", 0.5).create().expect("a session");
    let image = picture(40, 30);
    let expected = session.process(&image).expect("halved");
    assert!(image.iter().zip(expected.iter()).all(|(&from, &made)| halved(from) == made));
    let process = engine.process().expect("its own");
    let stopped = session.process_with(&image, Run::new().progress(|_| ControlFlow::Break(())));
    assert_eq!(stopped.expect_err("stopped").kind(), ErrorKind::Cancelled);
    let status = Command::new("kill").args(["-9", &process.to_string()]).status().expect("kill starts");
    assert!(status.success());
    let outcomes: Vec<_> = (0..2).map(|_| session.process(&image)).collect();
    let fits = |outcome: &Result<RgbImage>| match outcome {
        Ok(made) => *made == expected,
        Err(error) => error.kind() == ErrorKind::Plugin,
    };
    assert!(outcomes.iter().all(fits) && outcomes[1].is_ok(), "{outcomes:?}");
    assert_ne!(engine.process(), Some(process));
}

#[test]
fn shutdown_ends_the_work() {
    let engine = engine();
    let mut session = engine.session("gain").create().expect("a session");
    let busy = session.process_with(
        &picture(8, 8),
        Run::new()
            .progress(|_| assert_eq!(engine.shutdown(None).expect_err("inside").kind(), ErrorKind::Busy)),
    );
    assert_eq!(busy.expect_err("ended").kind(), ErrorKind::Cancelled);
    engine.shutdown(Some(Duration::from_secs(5))).expect("ended");
    assert_eq!(session.process(&picture(8, 8)).expect_err("ended").kind(), ErrorKind::Cancelled);
}

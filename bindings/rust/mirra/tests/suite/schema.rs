//! Tasks, ports and parameters as data, and sessions that are set by them.

use crate::support::{engine, plugins};
use mirra::{Direction, ErrorKind, LogLevel, Type, Value};

#[test]
fn a_dropped_in_plugin_is_there_with_its_parameters() {
    let task = engine().task("gain").expect("the plugin is loaded");
    assert_eq!((task.label.as_str(), task.plugin_id.as_str()), ("Gain", "org.example.gain"));
    let gain = task.param("gain").expect("its parameter");
    assert_eq!((gain.type_, &gain.default), (Type::Float, &Value::Float(1.0)));
    assert_eq!([gain.minimum, gain.maximum, gain.soft_maximum, gain.step], [0.0, 8.0, 2.0, 0.05]);
    let ports: Vec<_> =
        task.ports.iter().map(|port| (port.name.as_str(), port.direction, port.type_)).collect();
    assert_eq!(ports, [("image", Direction::Input, Type::Image), ("output", Direction::Output, Type::Image)]);
}

#[test]
fn shipped_tasks_are_there() {
    let engine = engine();
    let names: Vec<_> = engine.tasks().expect("tasks").into_iter().map(|task| task.name).collect();
    for name in ["denoise", "detect", "gain", "invert", "stylize"] {
        assert!(names.iter().any(|found| found == name), "{name} is missing of {names:?}");
    }
    let denoise = engine.task("org.mirra.denoiser:denoise").expect("by the plugin's id");
    assert_eq!(denoise.qualities, ["fast", "balanced", "best"]);
    assert!(!denoise.no_network);
    let sigma = denoise.param("sigma").expect("sigma");
    assert_eq!(sigma.default, Value::Text("auto".into()));
    assert_eq!(sigma.choices[0].value, "auto");
    let stylize = engine.task("stylize").expect("stylize");
    let series: Vec<_> = stylize.ports.iter().filter_map(|port| port.series.as_ref()).collect();
    assert!(series.iter().any(|series| series.place == 2 && series.max_count >= 2), "{series:?}");
    assert!(engine.schema_json().contains("\"denoise\""));
}

#[test]
fn parameters_are_set_by_what_converts() {
    let mut session = engine().session("gain").set("gain", 2).create().expect("a session");
    assert_eq!(session.value("gain").expect("set"), Value::Float(2.0));
    session.set("gain", 0.25).expect("a float");
    session.set_text("gain", "0.75").expect("a text");
    assert_eq!(session.value("gain").expect("set").as_f64(), Some(0.75));
    session.set_json(r#"{"gain": 3}"#).expect("json");
    assert!(session.json().expect("json").contains("\"gain\""));
    session.reset("gain").expect("reset");
    assert_eq!(session.value("gain").expect("set"), Value::Float(1.0));
    session.set("gain", 4.0).and_then(|()| session.reset_all()).expect("reset");
    assert_eq!(session.value("gain").expect("set"), Value::Float(1.0));
    assert_eq!(session.params().expect("params").len(), 1);
}

#[test]
fn refused_values_leave_the_parameter() {
    let mut session = engine().session("gain").create().expect("a session");
    for (name, value) in [("gain", Value::from(9)), ("gain", Value::from("much")), ("gian", Value::from(1))] {
        let error = session.set(name, value).expect_err("refused");
        assert_eq!(error.subject(), name);
        let kind = if name == "gain" { ErrorKind::InvalidArgument } else { ErrorKind::NotFound };
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert_eq!(session.value("gain").expect("as it was"), Value::Float(1.0));
    let error = session.set("gain\0", 1).expect_err("a NUL");
    assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidArgument, "gain\\0"));
}

#[test]
fn errors_say_what_and_what_to_do() {
    let error = engine().session("denoize").create().expect_err("no such task");
    assert_eq!((error.kind(), error.subject()), (ErrorKind::NotFound, "denoize"));
    assert!(error.hint().contains("denoise"), "{}", error.hint());
    assert!(error.to_string().contains(error.message()) && error.to_string().contains(error.hint()));
    assert_eq!(error.kind().name(), "not_found");
    assert_eq!(ErrorKind::from_code(ErrorKind::Budget.code()), ErrorKind::Budget);
    assert_eq!(ErrorKind::from_code(-77), ErrorKind::Other(-77));
}

#[test]
fn a_session_says_what_it_is_made_of() {
    let engine = engine();
    let session = engine.session("gain").tile_size(64).memory_limit(1 << 30).threads(2).create();
    let session = session.expect("a session");
    let clone = session.try_clone().expect("a clone");
    drop((session, engine));
    let info = clone.info().expect("info");
    assert_eq!((info.task.as_str(), info.device.as_str()), ("gain", "cpu"));
    assert_eq!((info.tile_size, info.memory_limit, info.threads), (64, 1 << 30, 2));
    let plan = clone.plan(200, 100).expect("a plan");
    assert!(plan.fits && plan.tile_count > 1, "{plan:?}");
    assert_eq!(plan.output_size, (200, 100));
    let region = mirra::Rect::new(10, 20, 30, 40);
    assert_eq!(clone.required(200, 100, region).expect("a rectangle"), region);
    assert_eq!(clone.plan(u32::MAX, 1).expect_err("too large").kind(), ErrorKind::Limit);
}

#[test]
fn an_engine_says_what_it_found() {
    let engine = engine();
    let bundles = engine.bundles().expect("bundles");
    let fast = bundles.iter().find(|bundle| bundle.quality == "fast").expect("a fast denoiser");
    assert_eq!((fast.task.as_str(), fast.usable), ("denoise", true));
    assert_eq!(engine.find_bundle("denoiser-fast.mirra").expect("found"), fast.path);
    let bundle = mirra::Bundle::open(&fast.path).expect("opened");
    assert_eq!(bundle.info().expect("info").task, "denoise");
    assert!(bundle.graphs().expect("graphs")[0].tileable);
    assert!(bundle.manifest_json().contains("denoise"));
    let bytes = std::fs::read(&fast.path).expect("a file");
    let same = mirra::Bundle::from_bytes(&bytes, "fast").expect("opened");
    assert_eq!(same.info().expect("info"), bundle.info().expect("info"));
    assert_eq!(engine.devices().expect("devices")[0].id, "cpu");
    let plugin =
        engine.plugins().expect("plugins").into_iter().find(|plugin| plugin.id == "org.example.gain");
    assert_eq!(plugin.expect("gain").path, plugins().join("gain.so"));
    assert_eq!(mirra::abi_version(), 1);
}

#[test]
fn an_engine_tells_of_plugins() {
    let (sender, messages) = std::sync::mpsc::channel();
    let files = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let loading = files.clone();
    let engine = mirra::Engine::builder()
        .plugin_path(plugins())
        .plugin_path_only()
        .log(LogLevel::Info, move |level, text| sender.send((level, text.to_owned())).expect("received"))
        .loading(move |path| loading.borrow_mut().push(path.to_owned()))
        .build()
        .expect("an engine");
    assert_eq!(*files.borrow(), [plugins().join("gain.so")]);
    let (level, text) = messages.recv().expect("a message");
    assert!(level == LogLevel::Info && text.contains("gain.so"), "{text}");
    drop(engine);
    assert!(messages.iter().count() < 1000, "the log is dropped with the engine");

    let skipped = mirra::Engine::builder().plugin_path(plugins()).plugin_skip("org.example.gain").build();
    assert_eq!(skipped.expect("an engine").task("gain").expect_err("skipped").kind(), ErrorKind::NotFound);
}

#[test]
fn a_panic_while_plugins_load_comes_out() {
    let builder = mirra::Engine::builder().plugin_path(plugins()).loading(|_| panic!("no plugins today"));
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build())).expect_err("a panic");
    assert_eq!(panic.downcast_ref(), Some(&"no plugins today"));
    let engine =
        mirra::Engine::builder().plugin_path(plugins()).log(LogLevel::Debug, |_, _| panic!("no log"));
    engine.build().expect("a log that panics is silent");
}

//! What the compiler must refuse, each with the error that it must give. Checked with the tests of the documents.

/// A session is not used after it was dropped.
///
/// ```compile_fail,E0382
/// let mut session = mirra::Engine::new().unwrap().session("gain").create().unwrap();
/// drop(session);
/// session.set("gain", 1).unwrap();
/// ```
///
/// A job is not used after its outcome was taken.
///
/// ```compile_fail,E0382
/// fn f(job: mirra::Job<u8>) {
///     let _ = job.wait();
///     job.cancel();
/// }
/// ```
///
/// Pixels that a job has are not used.
///
/// ```compile_fail,E0382
/// fn f(session: &mut mirra::Session, mut image: mirra::image::RgbImage) {
///     let job = session.submit(image, |image, run| run.in_place("image", "output", image));
///     image.put_pixel(0, 0, [1, 2, 3].into());
/// }
/// ```
///
/// A job does not borrow pixels of the program's.
///
/// ```compile_fail,E0521
/// fn f(session: &mut mirra::Session, image: &mut mirra::image::RgbImage) {
///     let job = session.submit(image, |image, run| run.in_place("image", "output", &mut **image));
/// }
/// ```
///
/// What a job owns is not lent beyond it.
///
/// ```compile_fail,E0521
/// fn f(session: &mut mirra::Session, image: mirra::image::RgbImage) {
///     let mut leak: Option<&mut mirra::image::RgbImage> = None;
///     let job = session.submit(image, |image, run| {
///         leak = Some(image);
///         run
///     });
/// }
/// ```
///
/// What a job owns goes to the job's thread.
///
/// ```compile_fail,E0277
/// fn f(session: &mut mirra::Session, image: std::rc::Rc<u8>) {
///     let job = session.submit(image, |_, run| run);
/// }
/// ```
///
/// Callbacks come from threads of the library's.
///
/// ```compile_fail,E0277
/// let count = std::rc::Rc::new(std::cell::Cell::new(0));
/// let run = mirra::Run::new().progress(|_| count.set(1));
/// ```
///
/// ```compile_fail,E0277
/// let count = std::rc::Rc::new(std::cell::Cell::new(0));
/// let builder = mirra::Engine::builder().log(mirra::LogLevel::Info, move |_, _| count.set(1));
/// ```
///
/// A session does one thing at a time.
///
/// ```compile_fail,E0596
/// fn f(session: &mirra::Session, image: &mirra::image::RgbImage) {
///     session.process(image).unwrap();
/// }
/// ```
///
/// ```compile_fail,E0502
/// fn f(session: &mut mirra::Session, image: &mirra::image::RgbImage) {
///     let value = || session.value("gain");
///     session.process(image).unwrap();
///     value().unwrap();
/// }
/// ```
///
/// The output of a run is not read meanwhile.
///
/// ```compile_fail,E0502
/// fn f(session: &mut mirra::Session, image: &mut mirra::image::RgbImage) {
///     let run = mirra::Run::new().output("output", &mut *image);
///     session.run(run.input("image", &*image)).unwrap();
/// }
/// ```
///
/// Pixels outlive their view, and pictures their pixels and metadata.
///
/// ```compile_fail,E0597
/// let view = {
///     let image = mirra::image::RgbImage::new(4, 4);
///     mirra::IntoView::into_view(&image).unwrap()
/// };
/// view.width();
/// ```
///
/// ```compile_fail,E0502
/// fn f(mut picture: mirra::Picture) {
///     let profile = picture.metadata(mirra::Metadata::Icc).unwrap();
///     picture.to_srgb().unwrap();
///     println!("{profile:?}");
/// }
/// ```
///
/// Pixels that a tile callback is given are not kept.
///
/// ```compile_fail,E0521
/// let mut kept = None;
/// let run = mirra::Run::new().tile(|_, pixels| kept = Some(*pixels));
/// ```
///
/// An engine outlives what it lends.
///
/// ```compile_fail,E0505
/// let engine = mirra::Engine::new().unwrap();
/// let schema = engine.schema_json();
/// drop(engine);
/// println!("{schema}");
/// ```
pub struct Refused;

/// Every type is `Send` and `Sync`, as `mirra.h` allows.
///
/// ```
/// fn shared<T: Send + Sync>() {}
/// shared::<mirra::Bundle>();
/// shared::<mirra::Cancel>();
/// shared::<mirra::Engine>();
/// shared::<mirra::Error>();
/// shared::<mirra::ImageView>();
/// shared::<mirra::ImageViewMut>();
/// shared::<mirra::Job<std::cell::Cell<u8>>>();
/// shared::<mirra::Picture>();
/// shared::<mirra::Run>();
/// shared::<mirra::RunResult>();
/// shared::<mirra::Session>();
/// shared::<mirra::Tensor>();
/// shared::<mirra::TensorView>();
/// shared::<mirra::Tensors>();
/// fn sent<T: Send>() {}
/// sent::<mirra::Writer>();
/// ```
pub struct Shared;

//! The example of the README.

fn main() -> mirra::Result<()> {
    let engine = mirra::Engine::new()?;
    let mut session = engine.session("denoise").quality("fast").create()?;

    let photo = mirra::Picture::read("photo.jpg")?;
    let clean = session.process(&photo)?;
    mirra::Writer::new().metadata(&photo).write("clean.jpg", &clean)?;
    Ok(())
}

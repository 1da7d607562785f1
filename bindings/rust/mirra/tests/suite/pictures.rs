//! Pictures in files and memory, with what goes along.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mirra::image::{DynamicImage, RgbImage};
use mirra::{
    Color, ErrorKind, FileFormat, Format, ImageViewMut, IntoView, IntoViewMut, Metadata, Picture,
    ReadOptions, Result, Transfer, Writer,
};

use crate::support::{engine, halved, noisy, picture, scratch};

#[test]
fn a_picture_goes_through_a_file_and_memory() {
    let folder = scratch("pictures");
    let image = picture(33, 21);
    let file = folder.join("a.png");
    assert!(Writer::new().write(&file, &image).expect("written").is_empty());
    let read = Picture::read(&file).expect("read");
    assert_eq!(read.to_image().expect("an image"), DynamicImage::from(image.clone()));
    let (bytes, _) = Writer::new().encode(FileFormat::Png, &image).expect("encoded");
    assert_eq!(bytes, std::fs::read(&file).expect("a file"));
    let read = Picture::from_bytes(&bytes).expect("read");
    let info = read.info().expect("info");
    assert_eq!((info.bit_depth, info.file_format.as_str()), (8, "png"));
    let small = ReadOptions::new().max_pixels(10);
    for error in [
        Picture::read_with(&file, &small).expect_err("too large"),
        Picture::from_bytes_with(&bytes, &small).expect_err("too large"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
    assert_eq!(Picture::from_bytes(&bytes[..40]).expect_err("cut").kind(), ErrorKind::Corrupt);
    assert_eq!(Picture::from_bytes(&[]).expect_err("nothing").kind(), ErrorKind::Corrupt);
}

#[test]
fn what_cannot_be_written_is_said_before() {
    let folder = scratch("unwritable");
    let image = picture(8, 8);
    let writer = Writer::new().jpeg_quality(90);
    writer
        .check(folder.join("a.jpg"), &image)
        .and_then(|()| writer.check_path(folder.join("a.jpg")))
        .expect("fine");
    assert!(!folder.join("a.jpg").exists());
    assert_eq!(writer.check_path(folder.join("a.gif")).expect_err("a format").kind(), ErrorKind::Unsupported);
    for error in [
        mirra::check_write(folder.join("no/a")).expect_err("no folder"),
        mirra::write_file(folder.join("no/a"), b"").expect_err("no folder"),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    mirra::write_file(folder.join("bytes"), b"seven").expect("written");
    assert_eq!(std::fs::read(folder.join("bytes")).expect("a file"), b"seven");
    assert_eq!(mirra::printable("a\x1b[1m").expect("printable"), "a\\x1b[1m");
}

#[test]
fn metadata_goes_along() {
    let folder = scratch("metadata");
    let profile = icc_profile();
    let image = picture(16, 16);
    let view = (&image).into_view().expect("a view").with_icc(&profile);
    let file = folder.join("a.png");
    Writer::new().write(&file, view).expect("written");
    let tagged = Picture::read(&file).expect("read");
    assert_eq!(tagged.metadata(Metadata::Icc).expect("read"), Some(profile.as_slice()));
    assert_eq!(tagged.metadata(Metadata::Xmp).expect("read"), None);
    assert_eq!(tagged.info().expect("info").color_tag, "icc");
    let mut session = engine().session("gain").set("gain", 0.5).create().expect("a session");
    let made = session.process(&tagged).expect("halved");
    assert!(made.same_color(&tagged));
    Writer::new().metadata(&tagged).write(folder.join("b.png"), &made).expect("written");
    assert!(Picture::read(folder.join("b.png")).expect("read").same_color(&tagged));
    let mut plain = Picture::create(4, 4, Format::U8, Color::Rgb).expect("made");
    assert!(!plain.same_color(&tagged));
    plain.copy_color(&tagged).expect("copied");
    assert!(plain.same_color(&tagged));
    assert!(tagged.notes().expect("notes").is_empty());
}

/// The profile of an sRGB picture, as a JPEG that the library wrote has none: the smallest that is valid.
fn icc_profile() -> Vec<u8> {
    let curve = [&b"curv"[..], &[0; 4], &1_u32.to_be_bytes(), &0x0200_u16.to_be_bytes(), &[0; 2]].concat();
    let xyz = |values: [f64; 3]| {
        let numbers = values.map(|value| ((value * 65536.0) as i32).to_be_bytes()).concat();
        [&b"XYZ "[..], &[0; 4], &numbers].concat()
    };
    let text = [&b"text"[..], &[0; 4], b"test\0\0\0\0"].concat();
    let tags: [(&[u8; 4], Vec<u8>); 9] = [
        (b"desc", [&b"desc"[..], &[0; 4], &5_u32.to_be_bytes(), b"test\0", &[0; 79]].concat()),
        (b"cprt", text),
        (b"wtpt", xyz([0.9642, 1.0, 0.8249])),
        (b"rXYZ", xyz([0.4361, 0.2225, 0.0139])),
        (b"gXYZ", xyz([0.3851, 0.7169, 0.0971])),
        (b"bXYZ", xyz([0.1431, 0.0606, 0.7141])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let (mut table, mut data) = ((tags.len() as u32).to_be_bytes().to_vec(), Vec::new());
    for (name, content) in &tags {
        let offset = 128 + 4 + 12 * tags.len() + data.len();
        table.extend_from_slice(*name);
        table.extend_from_slice(&(offset as u32).to_be_bytes());
        table.extend_from_slice(&(content.len() as u32).to_be_bytes());
        data.extend_from_slice(content);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut header = [0; 128];
    let size = (128 + table.len() + data.len()) as u32;
    header[..4].copy_from_slice(&size.to_be_bytes());
    header[8..12].copy_from_slice(&[2, 0x10, 0, 0]);
    header[12..24].copy_from_slice(b"mntrRGB XYZ ");
    header[36..40].copy_from_slice(b"acsp");
    header[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    [&header[..], &table, &data].concat()
}

#[test]
fn linear_light_is_kept_and_converted() {
    let picture = Picture::create(4, 4, Format::U16, Color::Rgb).expect("made");
    assert_eq!(picture.view().expect("a view").transfer(), Transfer::Encoded);
    let image = picture.view().expect("a view").with_transfer(Transfer::Linear);
    assert_eq!(image.transfer(), Transfer::Linear);
    let mut picture = Picture::wrap(RgbImage::from_pixel(3, 3, [10, 20, 30].into())).expect("wrapped");
    picture.to_srgb().expect("it is");
    assert_eq!(picture.view().expect("a view").get::<u8>(1, 1, 2), 30);
}

#[test]
fn a_wrapped_buffer_lives_as_long_as_it_is_needed() {
    struct Buffer(RgbImage, Arc<AtomicUsize>);
    impl Drop for Buffer {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
    impl<'a> IntoViewMut<'a> for &'a mut Buffer {
        fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
            (&mut self.0).into_view_mut()
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let buffer = || Buffer(picture(64, 64), Arc::clone(&drops));
    let mut session = engine().session("gain").set("gain", 0.5).create().expect("a session");
    let wrapped = Picture::wrap(buffer()).expect("wrapped");
    let job = session.start(wrapped).expect("begun");
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    let ((wrapped, made), _) = job.wait().expect("done");
    let sample = made.view().expect("a view").get::<u8>(3, 2, 0);
    assert_eq!(sample, halved(picture(64, 64).get_pixel(3, 2)[0]));
    drop(wrapped);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    assert_eq!(Picture::wrap(RgbImage::new(0, 4)).expect_err("no pixels").kind(), ErrorKind::InvalidArgument);
}

#[test]
fn noise_is_added_found_and_compared() {
    let image = noisy(128, 128);
    let sigma = (&image).into_view().expect("a view").estimate_noise().expect("estimated");
    assert!((sigma - 25.0).abs() < 5.0, "{sigma}");
    assert_eq!(noisy(128, 128), image, "the same seed gives the same noise");
    let same = mirra::compare(&image, &image).expect("compared");
    assert_eq!((same.psnr, same.ssim), (80.0, 1.0));
    let error = mirra::compare(&image, &noisy(64, 64)).expect_err("sizes");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[test]
fn a_picture_is_filled_by_its_view() {
    let mut made = Picture::create(5, 4, Format::F32, Color::Gray).expect("made");
    let mut view = made.view_mut().expect("a view");
    view.row_mut::<f32>(1).expect("a row").fill(0.5);
    view.set(4, 3, 0, 1.0_f32);
    assert!(view.row_mut::<f32>(0).expect("a row").iter().all(|&sample| sample == 0.0));
    let image = made.to_image().expect("RGB").to_rgb32f();
    assert_eq!((image.get_pixel(2, 1).0, image.get_pixel(4, 3).0), ([0.5; 3], [1.0; 3]));
    let mut other = Picture::create(5, 4, Format::F32, Color::Gray).expect("made");
    other.view_mut().expect("a view").copy_from(&made.view().expect("a view")).expect("copied");
    assert_eq!(other.to_image().expect("RGB"), made.to_image().expect("RGB"));
    let half = Picture::create(2, 2, Format::F16, Color::GrayAlpha).expect("made");
    assert_eq!(half.to_image().expect_err("no such image").kind(), ErrorKind::Unsupported);
    assert_eq!(half.view().expect("a view").to_vec::<half::f16>().len(), 8);
}

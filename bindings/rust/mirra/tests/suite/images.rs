//! Images of every kind and layout, and runs on parts of them.

use crate::support::{engine, halved, picture};
use mirra::image::flat::SampleLayout;
use mirra::image::{DynamicImage, FlatSamples, GrayImage, ImageBuffer, Luma, Pixel, Rgb, RgbImage, Rgba};
use mirra::{Color, ErrorKind, Format, ImageView, ImageViewMut, IntoView, Layout, Rect, Run, Session, Shape};

fn halving() -> Session {
    engine().session("gain").set("gain", 0.5).create().expect("a session")
}

#[test]
fn an_image_gives_one_of_its_kind() {
    let image = picture(61, 47);
    let made = halving().process(&image).expect("halved");
    assert_eq!(made.dimensions(), image.dimensions());
    for (from, to) in image.pixels().zip(made.pixels()) {
        assert_eq!(from.0.map(halved), to.0);
    }
    let borrowed = ImageBuffer::<Rgb<u8>, &[u8]>::from_raw(61, 47, image.as_raw()).expect("borrowed");
    assert_eq!(halving().process(&borrowed).expect("halved"), made);
}

#[test]
fn every_dynamic_image_works() {
    let image = DynamicImage::from(picture(20, 10));
    let mut session = halving();
    let variants = [
        DynamicImage::from(image.to_luma8()),
        image.to_luma_alpha8().into(),
        image.to_rgb8().into(),
        image.to_rgba8().into(),
        image.to_luma16().into(),
        image.to_luma_alpha16().into(),
        image.to_rgb16().into(),
        image.to_rgba16().into(),
        image.to_rgb32f().into(),
        image.to_rgba32f().into(),
    ];
    for from in variants {
        let made = session.process(&from).expect("halved");
        assert_eq!(made.color(), from.color());
        let (from, made) = (from.to_rgba32f(), made.to_rgba32f());
        for (from, made) in from.pixels().zip(made.pixels()) {
            for channel in 0..3 {
                assert!((from[channel] * 0.5 - made[channel]).abs() < 0.003, "{from:?} {made:?}");
            }
            assert!((from[3] - made[3]).abs() < 1e-6, "alpha goes round the task");
        }
    }
}

#[test]
fn bytes_of_any_layout_are_read_and_written_in_place() {
    let image = picture(30, 20);
    let expected = halving().process(&image).expect("halved");
    // BGRA, in rows of 128 bytes, from below upwards, at an odd address.
    let mut frame = vec![9_u8; 1 + 128 * 20];
    let layout = Layout::planes(30, 20, &[3, 2, 1, 4].map(|byte| 128 * 19 + byte), 4, -128);
    let mut view = ImageViewMut::from_bytes(&mut frame, Format::U8, layout).expect("within");
    for (x, y, pixel) in image.enumerate_pixels() {
        (0..3).for_each(|channel| view.set(x, y, channel, pixel[channel]));
        view.set(x, y, 3, 255_u8);
    }
    halving().run(Run::new().in_place("image", "output", &mut view)).expect("halved");
    let view = view.as_view();
    for (x, y, pixel) in expected.enumerate_pixels() {
        assert_eq!([0, 1, 2].map(|channel| view.get::<u8>(x, y, channel)), pixel.0);
    }
    assert_eq!(frame[1 + 128 * 19 + 30 * 4], 9, "nothing beside the pixels is written");
}

#[test]
fn planes_and_flat_samples_are_read() {
    let image = picture(16, 12);
    let expected = halving().process(&image).expect("halved");
    let planes: Vec<u8> = (0..3)
        .flat_map(|channel| image.pixels().map(move |pixel| pixel[channel]).collect::<Vec<_>>())
        .collect();
    let mut made = RgbImage::new(16, 12);
    let layout = Layout::planes(16, 12, &[0, 192, 384], 1, 16);
    let run = Run::new().input("image", ImageView::new(&planes, layout)).output("output", &mut made);
    halving().run(run).expect("halved");
    assert_eq!(made, expected);

    let layout = SampleLayout {
        channels: 3,
        channel_stride: 192,
        width: 16,
        width_stride: 1,
        height: 12,
        height_stride: 16,
    };
    let flat = FlatSamples { samples: planes, layout, color_hint: None };
    let mut made = RgbImage::new(16, 12);
    halving().run(Run::new().input("image", &flat).output("output", &mut made)).expect("halved");
    assert_eq!(made, expected);
}

#[test]
fn what_goes_beyond_its_memory_is_refused() {
    let samples = [0_u16; 60];
    let view = |layout| ImageView::new(&samples, layout).map(|_| ());
    view(Layout::packed(5, 4, Color::Rgb)).expect("60 samples");
    view(Layout::strided(5, 4, Color::Rgb, 90, 6, -30)).expect("from below");
    for layout in [
        Layout::packed(5, 5, Color::Rgb),
        Layout::strided(5, 4, Color::Rgb, 2, 6, 30),
        Layout::strided(5, 4, Color::Rgb, 88, 6, -30),
        Layout::strided(5, 4, Color::Rgb, 0, 6, isize::MAX),
        Layout::strided(5, 4, Color::Rgb, usize::MAX, 6, 30),
        Layout::strided(5, 4, Color::Rgb, 0, isize::MIN, 30),
        Layout::planes(5, 4, &[], 2, 10),
        Layout::planes(5, 4, &[0; 5], 2, 10),
        Layout::packed(0, 4, Color::Rgb),
        Layout::packed(u32::MAX, 1, Color::Rgb),
    ] {
        let error = view(layout.clone()).expect_err("beyond");
        assert!(matches!(error.kind(), ErrorKind::InvalidArgument | ErrorKind::Limit), "{layout:?}: {error}");
    }
    let mut session = halving();
    let mut made = RgbImage::new(5, 5);
    let run = Run::new().input("image", ImageView::new(&samples, Layout::packed(9, 9, Color::Rgb)));
    let error = session.run(run.output("output", &mut made)).expect_err("the view's error");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn samples_are_reached_within_the_image_only() {
    let image = picture(4, 3);
    let view = (&image).into_view().expect("a view");
    assert_eq!(view.row::<u8>(2).expect("interleaved").len(), 12);
    assert_eq!(view.to_vec::<u8>(), image.as_raw().as_slice());
    let panics = |action: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(action)).is_err();
    assert!(panics(&|| _ = view.get::<u8>(4, 0, 0)));
    assert!(panics(&|| _ = view.get::<u8>(0, 3, 0)));
    assert!(panics(&|| _ = view.get::<u8>(0, 0, 3)));
    assert!(panics(&|| _ = view.get::<u16>(0, 0, 0)));
    assert!(panics(&|| _ = view.row::<u8>(3).map(<[u8]>::len)));
}

#[test]
fn a_region_is_that_of_the_whole() {
    let image = picture(64, 48);
    let mut session = halving();
    let whole = session.process(&image).expect("halved");
    let run = Run::new().region(Rect::new(8, 16, 20, 10));
    let (part, _) = session.process_with(&image, run).expect("a region");
    assert_eq!(part, mirra::image::imageops::crop_imm(&whole, 8, 16, 20, 10).to_image());
    let error =
        session.process_with(&image, Run::new().region(Rect::new(60, 0, 20, 10))).expect_err("outside");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_preview_is_smaller() {
    let (made, _) = halving().process_with(&picture(65, 33), Run::new().scale(0.5)).expect("a preview");
    assert_eq!(made.dimensions(), (33, 17));
}

#[test]
fn tiles_come_once_and_are_final() {
    let image = picture(50, 40);
    let mut session = engine().session("gain").set("gain", 0.5).tile_size(16).create().expect("a session");
    let mut seen = GrayImage::new(50, 40);
    let mut sum = 0_u64;
    let run = Run::new().tile(|rect, pixels| {
        for (x, y) in (0..rect.height).flat_map(|y| (0..rect.width).map(move |x| (x, y))) {
            seen.get_pixel_mut(rect.x + x, rect.y + y)[0] += 1;
            sum += u64::from(pixels.get::<u8>(x, y, 1));
        }
    });
    let (made, result) = session.process_with(&image, run).expect("halved");
    assert!(seen.pixels().all(|pixel| *pixel == Luma([1])));
    assert_eq!(sum, made.pixels().map(|pixel| u64::from(pixel[1])).sum::<u64>());
    assert!(result.info().expect("info").tile_count > 4);
}

#[test]
fn pictures_in_pieces_give_the_same() {
    let image = picture(50, 40);
    let expected = halving().process(&image).expect("halved");
    let mut session = engine().session("gain").set("gain", 0.5).tile_size(16).create().expect("a session");
    let mut made = RgbImage::new(50, 40);
    let shape = Shape::new(50, 40, Format::U8, Color::Rgb);
    let run = Run::new()
        .source("image", shape, |rect, pixels| {
            for (x, y) in (0..rect.height).flat_map(|y| (0..rect.width).map(move |x| (x, y))) {
                let pixel = image.get_pixel(rect.x + x, rect.y + y);
                (0..3).for_each(|channel| pixels.set(x, y, channel, pixel[channel]));
            }
            Ok(())
        })
        .sink("output", shape, |rect, pixels| {
            for (x, y) in (0..rect.height).flat_map(|y| (0..rect.width).map(move |x| (x, y))) {
                let pixel = [0, 1, 2].map(|channel| pixels.get(x, y, channel));
                made.put_pixel(rect.x + x, rect.y + y, Rgb(pixel));
            }
            Ok(())
        });
    session.run(run).expect("halved");
    assert_eq!(made, expected);
}

#[test]
fn alpha_zero_keeps_its_colours() {
    let image = ImageBuffer::from_fn(8, 8, |x, _| Rgba([200, 100, 50, if x < 4 { 0 } else { 255_u8 }]));
    let made = halving().process(&image).expect("halved");
    assert_eq!(*made.get_pixel(0, 0), Rgba([200, 100, 50, 0]));
    assert_eq!(made.get_pixel(7, 0).to_rgb(), Rgb([200, 100, 50].map(halved)));
}

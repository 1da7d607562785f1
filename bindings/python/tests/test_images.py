"""Images of every kind in, and the same kind out."""

import io
import pathlib

import numpy as np
import pytest

import mirra

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def gain(engine):
    with engine.session("gain", gain=0.5) as session:
        yield session


def half(array):
    return np.rint(array * 0.5).astype(array.dtype)


@pytest.mark.parametrize(
    "shape", [(48, 64), (48, 64, 1), (48, 64, 2), (48, 64, 3), (48, 64, 4), (1, 1), (1, 9, 3), (9, 1, 4)]
)
@pytest.mark.parametrize("dtype", ["uint8", "<u2", ">u2", "float16", "float32"])
def test_array_gives_array_of_the_same_shape_and_type(gain, shape, dtype):
    array = np.full(shape, 1 if dtype.startswith("float") else np.iinfo(np.dtype(dtype)).max, dtype)
    result = gain.run(array)
    assert result.image.shape == shape
    assert result.image.dtype == np.dtype(dtype)
    first = result.image if len(shape) == 2 else result.image[..., 0]
    assert np.allclose(first.astype(np.float64), array.flat[0] / 2, atol=0.5, rtol=1e-3)


def test_input_is_read_without_a_copy_in_every_layout(gain, noisy):
    planar = np.ascontiguousarray(noisy.transpose(2, 0, 1)).transpose(1, 2, 0)
    for view in (noisy, noisy[::-1], noisy[:, ::-1], noisy[..., ::-1], noisy[5:40:2, 3:60:3], planar):
        before = view.copy()
        result = gain.run(view).image
        assert np.abs(result.astype(int) - before * 0.5).max() <= 0.5
        assert np.array_equal(view, before)
    read_only = noisy.copy()
    read_only.flags.writeable = False
    assert np.array_equal(gain.run(read_only).image, gain.run(noisy).image)


def test_broadcast_rows_are_read(gain):
    row = np.arange(0, 192, dtype=np.uint8).reshape(1, 64, 3)
    wide = np.broadcast_to(row, (32, 64, 3))
    assert np.array_equal(gain.run(wide).image, gain.run(np.array(wide)).image)


def test_out_is_written_in_place(gain, noisy):
    whole = np.zeros((48, 128, 3), np.uint8)
    part = whole[:, 64:]
    result = gain.run(noisy, out=part)
    assert result.image is part
    assert np.array_equal(part, gain.run(noisy).image)
    assert not whole[:, :64].any()
    copy = noisy.copy()
    gain.run(copy, out=copy)
    assert np.array_equal(copy, part)


def test_chw_gives_chw(gain, noisy):
    planar = np.ascontiguousarray(noisy.transpose(2, 0, 1))
    result = gain.run(mirra.Image(planar, layout="CHW")).image
    assert result.shape == planar.shape
    assert result.flags.c_contiguous
    assert np.array_equal(result.transpose(1, 2, 0), gain.run(noisy).image)


@pytest.mark.parametrize(
    ("array", "about"),
    [
        (np.zeros((4, 4), np.float64), "float32"),
        (np.zeros((4, 4), np.int32), "uint8"),
        (np.zeros((4, 4), bool), "uint8"),
        (np.zeros((4, 4), np.dtype(np.float32).newbyteorder("S")), "newbyteorder"),
        (np.zeros((3, 64, 64), np.uint8), "CHW"),
        (np.zeros((0, 4), np.uint8), "shape"),
        (np.zeros(4, np.uint8), "shape"),
    ],
)
def test_what_is_no_image_is_refused_with_a_hint(gain, array, about):
    with pytest.raises(mirra.InvalidArgumentError, match=about) as caught:
        gain.run(array)
    assert caught.value.subject == "image"
    with pytest.raises(ValueError, match=about):
        gain.run(array)


def test_other_objects_are_a_type_error(gain):
    with pytest.raises(TypeError, match="numpy array"):
        gain.run(object())


def test_read_only_output_is_refused(gain, noisy):
    out = np.zeros_like(noisy)
    out.flags.writeable = False
    with pytest.raises(mirra.InvalidArgumentError, match="read-only"):
        gain.run(noisy, out=out)
    with pytest.raises(mirra.MirraError):
        gain.run(noisy, out=np.broadcast_to(np.zeros(3, np.uint8), noisy.shape))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1"])
def test_pillow_gives_pillow(gain, noisy, mode):
    image = Image.fromarray(noisy).convert(mode)
    image.info["icc_profile"] = None
    result = gain.run(image).image
    assert isinstance(result, Image.Image)
    assert result.size == image.size
    assert result.mode == {"P": "RGB", "1": "L"}.get(mode, mode)


def test_pillow_of_16_bits_and_of_an_unknown_mode(gain):
    for dtype in ("<u2", ">u2"):
        deep = Image.fromarray(np.full((8, 8), 60000, dtype))
        halved = gain.run(deep).image
        assert halved.mode == deep.mode
        assert np.asarray(halved)[0, 0] == 30000
    with pytest.raises(mirra.InvalidArgumentError, match="CMYK"):
        gain.run(Image.new("CMYK", (4, 4)))


def test_path_gives_picture_and_metadata_goes_along(gain, folder, tmp_path):
    path = folder / "files" / "xmp.png"
    result = gain.run(path)
    assert isinstance(result.image, mirra.Picture)
    result.save(tmp_path / "out.png")
    assert mirra.read(tmp_path / "out.png").metadata("xmp") == mirra.read(path).metadata("xmp") is not None
    assert np.array_equal(np.asarray(gain.run(path.read_bytes())), np.asarray(result))
    assert np.array_equal(np.asarray(gain.run(str(path))), np.asarray(result))


def test_picture_shows_its_pixels_without_a_copy():
    picture = mirra.Picture.create(5, 4)
    pixels = picture.pixels
    pixels[1, 2] = (1, 2, 3)
    assert np.array_equal(np.asarray(picture)[1, 2], (1, 2, 3))
    picture.close()
    assert pixels[1, 2, 2] == 3


def test_picture_formats(tmp_path, noisy):
    picture = mirra.Picture.of(noisy)
    assert picture.info.width == 64
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert np.array_equal(np.asarray(picture.to_pillow()), noisy)
    file = io.BytesIO()
    picture.save(file, format="png")
    assert np.array_equal(mirra.read(file.getvalue()).pixels, noisy)
    picture.save(pathlib.Path(tmp_path, "a.jpg"), quality=100)
    assert mirra.compare(noisy, tmp_path / "a.jpg").psnr > 30
    assert mirra.compare(noisy, noisy).psnr == 80


def test_missing_file_is_what_python_calls_it(tmp_path):
    with pytest.raises(FileNotFoundError):
        mirra.read(tmp_path / "none.png")
    with pytest.raises(mirra.NotFoundError) as caught:
        mirra.Bundle(tmp_path / "none.mirra")
    assert caught.value.subject == str(tmp_path / "none.mirra")


def test_noise_is_added_to_a_copy(noisy):
    before = noisy.copy()
    noise = mirra.add_noise(noisy, 20, seed=3)
    assert np.array_equal(noisy, before)
    assert mirra.estimate_noise(noise) > mirra.estimate_noise(noisy)
    picture = mirra.add_noise(mirra.Picture.of(noisy), 20, seed=3)
    assert np.array_equal(picture.pixels, noise)


def test_region_tiles_and_pieces(engine, noisy):
    with engine.session("gain", gain=0.5, tile_size=16) as session:
        whole = session.run(noisy).image
        assert np.array_equal(session.run(noisy, region=(8, 4, 20, 10)).image, whole[4:14, 8:28])
        built = np.zeros_like(whole)

        def tile(rect, pixels):
            built[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width] = pixels

        session.run(noisy, on_tile=tile)
        assert np.array_equal(built, whole)

        def fill(rect, pixels):
            pixels[...] = noisy[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]

        pieces = np.zeros_like(whole)

        def keep(rect, pixels):
            pieces[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width] = pixels

        session.run(mirra.Source(fill, 64, 48), out=mirra.Sink(keep, 64, 48))
        assert np.array_equal(pieces, whole)
        assert np.array_equal(session.run(mirra.Source(fill, 64, 48)).image, whole)

        def fails(rect, pixels):
            raise KeyError("no such piece")

        with pytest.raises(KeyError, match="no such piece"):
            session.run(mirra.Source(fails, 64, 48))


def test_runs_of_changing_sizes_types_and_outcomes(engine, noisy):
    """Structs that are kept from one run to the next say what holds for this one."""
    with engine.session("gain", gain=0.5) as session, engine.session("double") as larger:
        for image in (noisy, noisy[:9], noisy[:, :, 0].copy(), noisy.astype(np.float32) / 255, noisy[::-1], noisy):
            result = session.run(image)
            assert result.image.shape == image.shape
            assert np.allclose(result.image, image * 0.5, atol=0.51)
            assert larger.run(image).image.shape[0] == 2 * image.shape[0]
        with pytest.raises(mirra.InvalidArgumentError):
            session.run(noisy.astype(np.int32))
        with pytest.raises(mirra.MirraError):
            session.run(noisy, out=np.zeros((4, 4, 3), np.uint8))
        assert np.array_equal(session.run(noisy).image, session.run(noisy, progress=lambda now: None).image)
        session.set(gain=1)
        assert np.array_equal(session.run(noisy).image, noisy)
    with engine.session("fails", tile_size=16) as session:
        for _ in range(2):
            with pytest.raises(mirra.IoError):
                session.run(noisy)

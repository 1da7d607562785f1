"""The wheel and nothing else: a denoised picture in two lines. Run by itself, in a fresh environment."""

import pathlib
import tempfile

import numpy as np

with tempfile.TemporaryDirectory() as folder:
    photo, clean = pathlib.Path(folder, "photo.png"), pathlib.Path(folder, "clean.png")
    ground = np.linspace(40, 200, 96)[None, :, None] + np.linspace(0, 30, 80)[:, None, None] + np.zeros(3)

    import mirra

    mirra.write(photo, np.clip(ground, 0, 255).astype(np.uint8))
    mirra.add_noise(photo, 25).save(photo)
    mirra.denoise(photo).save(clean)

    before = mirra.compare(photo, np.clip(ground, 0, 255).astype(np.uint8)).psnr
    after = mirra.compare(clean, np.clip(ground, 0, 255).astype(np.uint8)).psnr
    assert after > before + 5, (before, after)
    runtime = mirra.engine().runtime
    assert "site-packages" in runtime.path, runtime
    assert runtime.version.startswith("oneDNN") or "mirra_libtorch" in runtime.libtorch_path, runtime
    assert all("site-packages" in plugin.path for plugin in mirra.engine().plugins)
    assert {bundle.quality for bundle in mirra.engine().bundles} >= {"fast", "balanced", "best"}
    assert mirra.stylize(photo, style=photo).image.info.width == 96
    assert mirra.Engine(scan_plugins=True).tasks  # the worker is there
    apart = mirra.Engine(isolation=True)
    assert np.array_equal(apart.run("denoise", photo), mirra.denoise(photo))
    assert apart.process
    print(f"{before:.1f} dB before, {after:.1f} dB after; {runtime.version}")

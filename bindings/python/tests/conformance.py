"""Runs a case of tests/conformance by the package's public interface."""

import json
import pathlib

import numpy as np

import mirra

SUITE = pathlib.Path(__file__).resolve().parents[3] / "tests" / "conformance"
DTYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}
DTYPES["u16_swapped"] = np.dtype(np.uint16).newbyteorder("S")
FORMATS = {str(np.dtype(kind)): name for name, kind in DTYPES.items()}
CHANNELS = {"gray": 1, "gray_alpha": 2, "rgb": 3, "rgba": 4}
COLORS = {count: name for name, count in CHANNELS.items()}
LAYOUT = {
    "layout", "row_padding", "pixel_padding", "flip", "mirror", "order", "broadcast", "alpha", "transfer",
}  # fmt: skip
# A run makes the outputs that the caller does not give.
LACKS = {"bare_run"}


class Failed(AssertionError):
    """A step did not do what the case says."""


def ensure(condition, *about):
    if not condition:
        raise Failed(*about)


def cases():
    for path in sorted((SUITE / "cases").glob("*.json")):
        yield from json.loads(path.read_text(encoding="utf-8"))["cases"]


class Memory:
    """Memory of a layout, and the array (height, width, channels) that is seen in it."""

    def __init__(self, width, height, kind, color, spec, pixels=None):
        count, size = CHANNELS[color], np.dtype(DTYPES[kind]).itemsize
        planar = spec.get("layout") == "planar"
        pixel = (1 if planar else count) * size + spec.get("pixel_padding", 0)
        row = width * pixel + spec.get("row_padding", 0)
        plane = row if spec.get("broadcast") == "rows" else row * height
        self.bytes = np.full(plane * (count if planar else 1), 0xAA, np.uint8)
        start, step_row, step_pixel = 0, 0 if spec.get("broadcast") == "rows" else row, pixel
        step_channel = plane if planar else size
        if spec.get("flip"):
            start, step_row = start + row * (height - 1), -row
        if spec.get("mirror"):
            start, step_pixel = start + pixel * (width - 1), -pixel
        if spec.get("order") == "reversed":
            start, step_channel = start + size * (count - 1), -size
        strides = (step_row, step_pixel, step_channel)
        self.array = np.ndarray((height, width, count), DTYPES[kind], self.bytes.data, start, strides)
        if pixels is not None:
            self.array[...] = pixels
        self.image = mirra.Image(
            self.array, premultiplied=spec.get("alpha") == "premultiplied", linear=spec.get("transfer") == "linear"
        )

    def untouched(self):
        """Whether no byte but those of samples was written: they are overwritten, and all else is 0xAA."""
        rest = self.bytes.copy()
        seen = np.ndarray(self.array.shape, self.array.dtype, rest.data, self._start(), self.array.strides)
        seen[...] = np.frombuffer(b"\xaa" * self.array.itemsize, self.array.dtype)[0]
        return bool((rest == 0xAA).all())

    def _start(self):
        return self.array.__array_interface__["data"][0] - self.bytes.__array_interface__["data"][0]


class Runner:
    """The objects of one case."""

    def __init__(self, folder, index, scratch, engine):
        self.folder, self.index, self.scratch, self.engine = folder, index, scratch, engine
        self.objects, self.bytes, self.jobs = {}, {}, {}

    def run(self, case):
        try:
            for number, step in enumerate(case["steps"]):
                self._step(number, dict(step))
        finally:
            for thing in self.objects.values():
                thing.close()

    def _step(self, number, step):
        wanted, name = step.pop("error", None), step.pop("op")
        try:
            getattr(self, "op_" + name)(**step)
        except mirra.MirraError as error:
            ensure(wanted is not None, f"step {number}, {name}: {error!r}")
            found = {"code": error.code, "subject": error.subject}
            wanted = {key: self._path(value) if key == "subject" else value for key, value in wanted.items()}
            ensure({key: found[key] for key in wanted} == wanted, f"step {number}, {name}: {found} is not {wanted}")
        else:
            ensure(wanted is None, f"step {number}, {name}: no error")

    def _path(self, text):
        if text.startswith("@"):
            return str(self.folder / self.index["files"][text[1:]])
        return (
            str(self.scratch / text[1:])
            if text.startswith("%") and len(text) > 1
            else text.replace("%", str(self.scratch))
        )

    def _bytes(self, name):
        return pathlib.Path(self._path(name)).read_bytes() if name.startswith("@") else self.bytes[name]

    def _value(self, value):
        if not isinstance(value, dict) or set(value) != {"value"}:
            return value
        found = self.index["values"]
        for key in value["value"].split("/"):
            found = found[int(key)] if isinstance(found, list) else found[key]
        return found

    def _same(self, found, wanted):
        wanted = self._value(wanted)
        if isinstance(wanted, float) and not isinstance(found, str):
            ensure(abs(found - wanted) <= 1e-9 * abs(wanted), f"{found} is not {wanted}")
        else:
            ensure(found == wanted, f"{found!r} is not {wanted!r}")

    def _fields(self, found, expect):
        for name, wanted in expect.items():
            self._same(found[name] if isinstance(found, dict) else getattr(found, name), wanted)

    def _picture(self, name):
        entry = self.index["pictures"][name]
        pixels = np.frombuffer((self.folder / entry["file"]).read_bytes(), DTYPES[entry["format"]])
        return pixels.reshape(entry["height"], entry["width"], CHANNELS[entry["color"]]), entry

    def _memory(self, picture, **spec):
        ensure(set(spec) <= LAYOUT, f"unknown fields: {set(spec) - LAYOUT}")
        pixels, entry = self._picture(picture)
        return Memory(entry["width"], entry["height"], entry["format"], entry["color"], spec, pixels)

    def _equal(self, array, equals, tolerance=0, crop=None):
        pixels, _ = self._picture(equals)
        if crop:
            x, y, width, height = crop
            pixels = pixels[y : y + height, x : x + width]
        array = array.reshape(*array.shape[:2], -1)
        ensure((array.shape, array.dtype) == (pixels.shape, pixels.dtype), array.shape, array.dtype)
        away = np.abs(array.astype(np.float64) - pixels.astype(np.float64)).max()
        ensure(away <= tolerance, f"differs from {equals} by {away}")

    def _tensor(self, tensor, swap=False):
        entry = self.index["tensors"][tensor]
        values = np.frombuffer((self.folder / entry["file"]).read_bytes(), np.float32).reshape(entry["shape"])
        return values.swapaxes(-1, -2) if swap else values

    def _tensors(self, tensors, expect):
        for name, wanted in expect.items():
            values = np.asarray(tensors[name])
            ensure(values.dtype == np.float32 and np.array_equal(values, self._tensor(wanted)), f"{name} differs")

    def op_version(self, expect):
        self._fields({"abi": mirra.abi_version}, expect)

    def op_engine(self, **fields):
        words = {word: True for word in fields.get("flags", ())}
        words["scan_plugins"] = words.pop("plugin_scan_process", False)
        words["isolation"] = words.pop("isolation_process", False)
        path = self._path(fields["plugin_path"]) if "plugin_path" in fields else self.folder / self.index["plugins"]
        self.objects[fields["as"]] = mirra.Engine(plugin_path=path, plugin_skip=fields.get("plugin_skip"), **words)

    def _engine(self, name=None):
        return self.objects[name] if name else self.engine

    def op_plugin(self, file, expect):
        self._fields(next(p for p in self.engine.plugins if pathlib.Path(p.path).name == file), expect)

    def op_device(self, index, expect):
        self._fields(self.engine.devices[index], expect)

    def op_schema(self, task, expect, engine=None, param=None, port=None):
        found = self._engine(engine).task(task).raw
        if param or port:
            found = next(e for e in found["params" if param else "ports"] if e["name"] == (param or port))
        self._fields(found, expect)

    def op_find_bundle(self, name):
        self.engine.find_bundle(name)

    def op_bundle(self, name=None, file=None, memory=False, engine=None, **fields):
        path = self._path(file) if file else self._engine(engine).find_bundle(name)
        self.objects[fields["as"]] = mirra.Bundle(pathlib.Path(path).read_bytes() if memory else path)

    def op_bundle_info(self, bundle, expect):
        self._fields(self.objects[bundle].info, expect)

    def op_session(self, task, engine=None, bundle=None, set=None, **fields):
        name = fields.pop("as")
        if bundle:
            fields["bundle"] = self.objects[bundle]
        self.objects[name] = self._engine(engine).session(task, parameters=set, **fields)

    def op_set(self, session, values):
        self.objects[session].set(values)

    def op_set_text(self, session, name, text):
        self.objects[session].set_text(name, text)

    def op_get(self, session, expect):
        for name, wanted in expect.items():
            found = self.objects[session].get(name)
            ensure(type(found) is type(wanted), f"{name} is a {type(found).__name__}")
            self._same(found, wanted)

    def op_reset(self, session, name=None):
        self.objects[session].reset(*([name] if name else []))

    def op_clone(self, session, **fields):
        self.objects[fields["as"]] = self.objects[session].clone()

    def op_session_info(self, session, expect):
        self._fields(self.objects[session].info, expect)

    def op_plan(self, session, width, height, expect):
        self._fields(self.objects[session].plan(width, height), expect)

    def op_required(self, session, width, height, region, expect):
        self._same(list(self.objects[session].required(width, height, region)), expect)

    def _arguments(self, inputs, outputs, results=None, progress=False, stop_after=None, cancel=None, **rest):
        ensure(set(rest) <= {"region", "scale"}, f"unknown fields: {rest}")
        memories, out, checks, seen = {}, {}, [], []
        given = {name: self._given(name, dict(spec), memories) for name, spec in inputs.items()}
        for name, spec in outputs.items():
            out[name] = self._output(dict(spec), memories, checks)

        def watch(now):
            seen.append(now.fraction)
            return len(seen) != stop_after

        def check(result):
            for look in checks:
                look()
            for name, wanted in (results or {}).get("values", {}).items():
                self._same(result.values[name], wanted)
            self._tensors(result.tensors, (results or {}).get("tensors", {}))
            ensure(not progress or (seen == sorted(seen) and seen[-1] == 1), seen)

        asked = tuple((results or {}).get("tensors", {}))
        follow = watch if progress or stop_after else None
        rest["cancel"] = self.objects[cancel] if cancel else None
        return {"inputs": given, "out": out, "outputs": asked, "progress": follow, **rest}, check

    def _given(self, name, spec, memories):
        if "held" in spec:
            return self.objects[spec["held"]]
        if "tensor" in spec:
            return self._tensor(**spec)
        memories[name] = self._memory(**spec)
        return memories[name].image

    def _output(self, spec, memories, checks):
        equal = {key: spec.pop(key) for key in ("equals", "tolerance", "crop") if key in spec}
        if "held" in spec:
            picture = self.objects[spec["held"]]
            checks.append(lambda: self._equal(picture.pixels, **equal))
            return picture
        if "in_place" in spec:
            memory = memories[spec["in_place"]]
        else:
            entry = {key: spec.pop(key) for key in ("width", "height", "format", "color") if key in spec}
            entry = dict(self.index["pictures"][equal["equals"]]) if equal else entry
            if "crop" in equal:
                entry["width"], entry["height"] = equal["crop"][2:]
            ensure(set(spec) <= LAYOUT, f"unknown fields: {spec}")
            memory = Memory(entry["width"], entry["height"], entry["format"], entry["color"], spec)
        if equal:
            checks.append(lambda: self._equal(memory.array, **equal))
            checks.append(lambda: ensure(memory.untouched(), "padding was written"))
        return memory.image

    def op_run(self, session, **fields):
        arguments, check = self._arguments(**fields)
        check(self.objects[session].run(**arguments))

    def op_submit(self, session, **fields):
        name = fields.pop("as")
        arguments, check = self._arguments(**fields)
        self.objects[name], self.jobs[name] = self.objects[session].submit(**arguments), check

    def op_wait(self, job, seconds=None):
        self.jobs[job](self.objects[job].result(seconds))

    def op_poll(self, job, expect):
        found = self.objects[job]
        self._fields({"state": found.state, "fraction": found.progress.fraction}, expect)

    def op_cancel_token(self, **fields):
        self.objects[fields["as"]] = mirra.Cancel()

    def op_cancel(self, what):
        thing = self.objects[what]
        thing.request() if isinstance(thing, mirra.Cancel) else thing.cancel()

    def op_close(self, what):
        self.objects[what].close()

    def op_shutdown(self, engine, seconds):
        self.objects[engine].shutdown(seconds)

    def op_read(self, file=None, memory=None, max_pixels=0, equals=None, **fields):
        picture = mirra.read(self._path(file) if file else self._bytes(memory), max_pixels=max_pixels)
        self.objects[fields["as"]] = picture
        if equals:
            self._equal(picture.pixels, equals)

    def op_create_picture(self, width, height, format, color, equals=None, **fields):
        picture = mirra.Picture.create(width, height, channels=CHANNELS[color], dtype=DTYPES[format])
        self.objects[fields["as"]] = picture
        if equals:
            self._equal(picture.pixels, equals)

    def op_picture_info(self, picture, expect):
        info = self.objects[picture].info
        found = {**info._asdict(), "format": FORMATS[info.dtype], "color": COLORS[info.channels]}
        self._fields({**found, "transfer": "linear" if info.linear else "encoded"}, expect)

    def op_metadata(self, picture, kind, file):
        wanted = pathlib.Path(self._path(file)).read_bytes() if file else None
        self._same(self.objects[picture].metadata(kind), wanted)

    def op_write(self, file=None, memory=None, held=None, metadata=None, options=None, **picture):
        image = self.objects[held] if held else self._memory(**picture).image
        words = {"quality" if key == "jpeg_quality" else key: value for key, value in (options or {}).items()}
        words["metadata"] = self.objects[metadata] if metadata else None
        if memory:
            self.bytes[memory] = mirra.encode(image, **words)
        else:
            mirra.write(self._path(file), image, **words)

    def op_noise(self, picture, sigma, seed, equals):
        self._equal(mirra.add_noise(self._picture(picture)[0], sigma, seed=seed), equals)

    def op_estimate(self, picture, expect=None):
        self._same(mirra.estimate_noise(self._picture(picture)[0]), expect)

    def op_compare(self, a, b, expect=None):
        self._fields(mirra.compare(self._picture(a)[0], self._picture(b)[0]), expect or {})

    def op_tensors(self, expect=None, **fields):
        tensors = mirra.Tensors({name: self._tensor(**spec) for name, spec in fields["from"].items()})
        self.objects[fields["as"]] = tensors
        self._tensors(tensors, expect or {})

    def op_tensors_read(self, file=None, memory=None, expect=None, **fields):
        self.objects[fields["as"]] = tensors = mirra.Tensors.read(self._path(file) if file else self._bytes(memory))
        self._tensors(tensors, expect or {})

    def op_tensors_write(self, tensors, file=None, memory=None):
        if memory:
            self.bytes[memory] = self.objects[tensors].to_bytes()
        else:
            self.objects[tensors].save(self._path(file))

    def op_tensors_equal(self, tensors, expect):
        self._tensors(self.objects[tensors], expect)

    def op_graph(self, bundle, graph, inputs, expect=None, **fields):
        tensors = self.engine.run_graph(self.objects[bundle], graph, self.objects[inputs])
        self.objects[fields["as"]] = tensors
        self._tensors(tensors, expect or {})

    def op_file_write(self, file, **fields):
        mirra.write_file(self._path(file), pathlib.Path(self._path(fields["from"])).read_bytes())

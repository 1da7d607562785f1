#!/usr/bin/env python3
"""Compares what documents say with the files that they cite. Needs Python alone.

- A model card names the recipe, seed, steps and pictures of its bundle's manifest, and the measured figures in it.
- A table of docs/measurements has the figures of its CSV file, rounded.
"""
import csv
import json
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEASUREMENTS = ROOT / "docs/measurements"
SETS = {"CBSD68": "cbsd68", "Kodak24": "kodak24", "McMaster": "mcmaster"}
INVERTERS = {"mean colour of each picture": "mean colour", "mean colour": "mean colour", "standard": "inverter-alexnet-std",
             "robust": "inverter-alexnet-ar"}
VGG = {"mean colour of each picture": "mean colour", "standard": "inverter-vgg16-std", "robust, l2 3.0": "inverter-vgg16-ar"}
WRN = {"mean colour of each picture": "mean colour", "standard": "inverter-wrn-std", "robust": "inverter-wrn-ar"}
RADII = {"mean colour of each picture": "mean colour", "standard": "inverter-resnet18-std", "l2 0.5": "inverter-resnet18-l2-0.5",
         "l2 1.0": "inverter-resnet18-l2-1.0", "l2 1.5": "inverter-resnet18-l2-1.5", "l2 2.0": "inverter-resnet18-l2-2.0",
         "l2 3.0": "inverter-resnet18-l2-3.0", "l2 5.0": "inverter-resnet18-l2-5.0"}
DETECTIONS = [(method, encoder) for method in ("latent-search", "reconstruction", "feature-memory")
              for encoder in ("encoder-alexnet-std", ("encoder-alexnet-l2-1.5", "encoder-alexnet-l2-3.0"))]  # of CIFAR-10, of Cats vs. Dogs
QUALITIES = ("denoiser-fast", "denoiser", "denoiser-best")
SIMILARITY = ("psnr", "psnr_std"), ("ssim", "ssim_std")
LEVELS = {"conv5, conv2, conv1": "conv5:1:0,conv2:1:0,conv1:1:0", "conv1, conv2, conv5": "conv1:1:0,conv2:1:0,conv5:1:0",
          "with the bundle's detail": "conv5:1:0.9,conv2:1:0.6,conv1:1:0.3"}


def cells_of(line):
    return [cell.strip().replace("*", "").replace("`", "") for cell in line.strip().strip("|").split("|")]


def tables_of(page, heading):
    """The tables of a section, each a list of rows of cells, without the ruler."""
    text = (MEASUREMENTS / page).read_text()
    section = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,2}} |\Z)", text, re.S | re.M)
    if not section:
        return []
    blocks = re.findall(r"(?:^\|.*\n)+", section[2] + "\n", re.M)
    return [[cells_of(line) for line in block.splitlines() if not re.fullmatch(r"[|\- ]+", line)] for block in blocks]


def numbers(text):
    return re.findall(r"-?\d+\.\d+", text)


def rounds_to(said, value):
    return abs(float(said) - float(value)) <= 0.501 * 10.0 ** -len(said.split(".")[1])


def by_encoder(names, columns):
    """A row is an encoder; its cells have PSNR (deviation) and SSIM (deviation)."""
    return lambda row, _: [({"bundle": names[row[0]]}, column, fields) for column, fields in zip(columns, SIMILARITY)] \
        if row[0] in names else []


def by_scale(row, header):
    if row[0] not in INVERTERS:
        return []
    return [({"bundle": INVERTERS[row[0]], "scale": header[column]}, column, ("psnr",)) for column in range(1, len(row))]


def by_class(row, _):
    if len(row) < 10 or row[0] == "Normal class":
        return []
    return [({"class": row[0], "method": method, "encoder": encoder}, column, ("auroc", "auroc_error"))
            for column, (method, encoder) in enumerate(DETECTIONS, 1)]


def by_defect(row, _):
    if len(row) != 7 or row[0] == "Defect":
        return []
    return [({"defect": row[0], "method": method}, column, (field,)) for column, (method, field) in enumerate(
        [(method, field) for method in ("latent-search", "reconstruction", "feature-memory") for field in ("auroc", "pixel_auroc")], 1)]


def by_noise(methods, first, clipped=None):
    """A row is a data set and sigma, a column a method, a cell PSNR / SSIM."""
    def find(row, _):
        if row[0] not in SETS or len(row) < first + len(methods):
            return []
        key = {"data": SETS[row[0]], "sigma": row[1], "clipped": clipped or ("yes" if row[2] == "clipped" else "no")}
        return [({**key, "method": method}, column, ("psnr", "ssim")) for column, method in enumerate(methods, first) if method]
    return find


def by_gray(row, _):
    if not row[0].isdigit():
        return []
    return [({"sigma": row[0], "method": method}, column, ("psnr",)) for column, method in enumerate(("noisy", *QUALITIES), 1)]


def by_sensor(row, _):
    if not row[0].startswith("PSNR"):
        return []
    return [({"method": method}, column, ("psnr",)) for column, method in enumerate(("noisy", *QUALITIES, "OpenCV NLM"), 1)]


def by_style(row, _):
    if row[0] not in ("Std", "AR") or row[1] not in LEVELS:
        return []
    key = {"bundle": {"Std": "stylizer-std", "AR": "stylizer-paper"}[row[0]], "levels": LEVELS[row[1]]}
    return [(key, column, (f"gram stylizer-{encoder}", f"gram error stylizer-{encoder}")) for column, encoder in ((2, "std"), (3, "paper"))] + \
        [(key, 4, ("ssim", "ssim_error"))]


LOSSES = {"pixel": "", "pixel + feature": "-feat", "pixel + feature + adversarial": "-gan"}  # what the bundles' names end with


def by_loss(loss, extent):
    """Table 1: loss, size and encoder name a row; the mean colour has the row's size alone."""
    def find(row, _):
        if len(row) < 5 or row[1] != extent or row[0] not in (loss, ""):
            return []
        suffix = "" if row[2].startswith("mean") else LOSSES[loss]
        return [({"bundle": INVERTERS[row[2].partition(",")[0]] + suffix}, column, fields) for column, fields in zip((3, 4), SIMILARITY)]
    return find


TABLES = (
    ("denoiser.md", "Quality", ("denoising.csv",), by_noise(("noisy", None, *QUALITIES), 3)),
    ("denoiser.md", "Gray pictures", ("denoising-gray.csv",), by_gray),
    ("denoiser.md", "Real photographs", ("denoising-sensor.csv",), by_sensor),
    ("denoiser.md", "Whether robust features help", ("denoising-features.csv",), by_noise(("all-1000", "features-ar", "features-std"), 2, "yes")),
    ("reproduction.md", "Table 1: AlexNet's conv5", ("inversion-alexnet.csv",), by_loss("pixel", "224 px")),
    ("reproduction.md", "Table 1: AlexNet's conv5", ("inversion-alexnet-feat.csv",), by_loss("pixel + feature", "128 px")),
    ("reproduction.md", "Table 1: AlexNet's conv5", ("inversion-alexnet-gan.csv",), by_loss("pixel + feature + adversarial", "128 px")),
    ("reproduction.md", "Table 2: VGG-16", ("inversion-vgg16.csv",), by_encoder(VGG, (3, 4))),
    ("reproduction.md", "Table 3: WRN-28-10", ("inversion-wrn.csv",), by_encoder(WRN, (3, 4))),
    ("reproduction.md", "Table A2: ResNet-18 on CIFAR-10, over the radius of the training", ("inversion-cifar.csv",), by_encoder(RADII, (2, 3))),
    ("reproduction.md", "Tables 5 and A1: enlarged pictures", ("inversion-scale.csv",), by_scale),
    ("reproduction.md", "Table 6: photographs at their own size", ("inversion-highres.csv",), by_encoder(INVERTERS, (1, 2))),
    ("reproduction.md", "Tables 8 and A3: one class against the others", ("anomaly-cifar10.csv", "anomaly-catsdogs.csv"), by_class),
    ("reproduction.md", "Table 9: style transfer", ("stylization.csv", "stylization-detail.csv"), by_style),
    ("reproduction.md", "Tables 10, A8 and A9: denoising", ("denoising-table10.csv",), by_noise(("noisy", "std", "ar", "OpenCV NLM"), 2, "yes")),
    ("anomaly.md", "Drawn parts with drawn defects", ("anomaly-defects.csv",), by_defect),
)


def records_of(name):
    with (MEASUREMENTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def check_cell(cell, found, fields):
    """Why the cell is not one of the records, or None."""
    said = numbers(cell)
    if any(all(rounds_to(a, record[field]) for a, field in zip(said, fields)) for record in found) and said:
        return None
    return "says " + (cell or "nothing") + (", the file " + " ".join(found[0][field] for field in fields) if found else ", the file has no such row")


def check_table(page, heading, files, find):
    tables = tables_of(page, heading)
    records = [record for name in files for record in records_of(name)]
    wrong, compared = [], 0
    for table in tables:
        for row in table[1:]:
            for key, column, fields in find(row, table[0]):
                found = [record for record in records if all(record[name] in ((value,) if isinstance(value, str) else value) for name, value in key.items())]
                compared += 1
                if reason := check_cell(row[column], found, fields):
                    wrong.append(f"docs/measurements/{page}, {heading}, {' '.join(map(str, key.values()))}: {reason}")
    if not compared:
        wrong.append(f"docs/measurements/{page}: no table of {', '.join(files)} under '{heading}'")
    return wrong, compared


def manifest_of(bundle):
    with bundle.open("rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return json.loads(header["__metadata__"]["mirra.manifest"])


def expected_of(manifest):
    """What a model card must say, as texts."""
    training = manifest["provenance"]
    rounds = list(training.get("levels", {}).values()) or [training]
    texts = [f"{training['pictures']:,}", training["recipe"], f"seed {training['seed']}", *(f"{part['steps']:,}" for part in rounds)]
    if manifest["task"] != "denoise":  # the figures of denoisers have a page
        for measured in manifest.get("quality", []):
            if "robust_accuracy" in measured:
                texts += [f"{100 * measured['clean_accuracy']:.1f} %", f"{100 * measured['robust_accuracy']:.1f} %"]
            else:
                texts += [f"{measured['psnr']:.2f} ({measured['psnr_deviation']:.2f}) dB", f"SSIM {measured['ssim']:.3f}"]
    return texts


def check_cards():
    wrong, compared = [], 0
    for bundle in sorted((ROOT / "bundles").glob("*.mirra")):
        card = bundle.with_suffix(".md")
        text = card.read_text() if card.exists() else ""
        for expected in expected_of(manifest_of(bundle)):
            compared += 1
            if expected not in text:
                wrong.append(f"bundles/{card.name}: does not say '{expected}', as the manifest does")
    return wrong, compared


def main():
    wrong, compared = check_cards()
    for table in TABLES:
        more, count = check_table(*table)
        wrong += more
        compared += count
    print("\n".join(wrong) if wrong else f"{compared} figures agree with their files")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

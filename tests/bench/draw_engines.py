"""Draws what compare_engines.py --csv has written: for each network and size, how many times as long as Mirra each engine takes.

    python3 tests/bench/draw_engines.py docs/measurements/engines.csv -o docs/images/engines.svg

Engines in fp32 are set against Mirra in fp32, those in bf16 against Mirra in bf16.
"""
import argparse
import csv
import html
import pathlib

COLORS = {"OpenVINO": "#0068b5", "ONNX Runtime": "#7a7a7a", "PyTorch eager": "#ee4c2c", "torch.compile": "#f5a08c", "ncnn": "#2e8b57"}
LEFT, WIDTH, BAR, GAP, FOOT = 230, 460, 13, 22, 60


def family(engine):
    return next((name for name in COLORS if engine.startswith(name)), None)


def precision(engine):
    return "bf16" if "bf16" in engine else "fp32"


def groups(rows):
    """{(network, size, precision): {family: least median}}, in the order of the file."""
    found = {}
    for row in rows:
        name = "Mirra" if row["engine"].startswith("Mirra") else family(row["engine"])
        if name is None:
            continue
        key = (row["graph"], pathlib.Path(row["bundle"]).stem, row["size"], int(row["batch"]), precision(row["engine"]))
        group = found.setdefault(key, {})
        group[name] = min(float(row["median_ms"]), group.get(name, 1e9))
    return {key: group for key, group in found.items() if "Mirra" in group and len(group) > 1}


def title(key):
    graph, bundle, size, batch, kind = key
    network = bundle if graph == "denoiser" else graph
    several = f"{batch} x " if batch > 1 else ""
    return f"{network}, {several}{size.replace('x', ' x ')}, {kind}"


def drawn(found, caption):
    most = max(value / group["Mirra"] for group in found.values() for value in group.values())
    scale = WIDTH / most
    parts, y = [], 44
    for key, group in found.items():
        parts.append(f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{html.escape(title(key))}</text>')
        for name in [name for name in COLORS if name in group]:
            ratio = group[name] / group["Mirra"]
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{ratio * scale:.1f}" height="{BAR}" fill="{COLORS[name]}"><title>{name}</title></rect>')
            parts.append(f'<text x="{LEFT + ratio * scale + 5:.1f}" y="{y + 11}">{ratio:.2f}</text>')
            y += BAR + 2
        y += GAP - BAR
    one = LEFT + scale
    parts.append(f'<line x1="{one:.1f}" y1="36" x2="{one:.1f}" y2="{y}" stroke="#333"/>')
    parts.append(f'<text x="{one:.1f}" y="30" text-anchor="middle">Mirra = 1</text>')
    x = LEFT
    for name, color in COLORS.items():
        parts.append(f'<rect x="{x}" y="{y + 8}" width="10" height="10" fill="{color}"/><text x="{x + 14}" y="{y + 17}">{name}</text>')
        x += 22 + 7 * len(name)
    parts.append(f'<text x="{LEFT}" y="{y + 38}">{html.escape(caption)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {y + FOOT}" font-family="sans-serif" font-size="11" fill="currentColor" color="#333">'
    return head + '<rect width="100%" height="100%" fill="white"/>' + "".join(parts) + "</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    given = parser.parse_args()
    with given.csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    last = rows[-1]
    caption = f"Time over Mirra's. {last['processor']}, {last['threads']} threads, {last['date']}"
    given.output.write_text(drawn(groups(rows), caption))


if __name__ == "__main__":
    main()

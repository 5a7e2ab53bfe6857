"""The picture of a report in docs/report.md: a page of a trained pipeline, as a browser without a screen draws it.

    python -m benchmarks.report_picture PIPELINE DATA docs/pictures/report.png --browser chromium

PIPELINE is a trained one, DATA a file with gold, such as assets/textcat_dev.csv: its texts can be read in the picture.
Needs Pillow and Chromium. A 256-colour PNG is written, as docs are read more often than they are made.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import spacy_bertadapt

WIDTH, HEIGHT, COLORS = 1400, 5200, 256
MARGIN = 290  # of the second half, where the contents would be
SCHEMES = {"light": 1, "dark": 0}


def main() -> None:
    """Write the report, and draw its top in light beside its browser of errors in dark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline")
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--height", type=int, default=1500, help="of each half, in pixels")
    parser.add_argument("--second", type=int, default=2650, help="where the second half begins, from above")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = spacy_bertadapt.report(args.pipeline, args.data, output=folder / "report.html")
        light, dark = (draw(page, folder, scheme, args.browser) for scheme in SCHEMES)
        picture = Image.new("RGB", (2 * WIDTH - MARGIN, args.height))
        picture.paste(light.crop((0, 0, WIDTH, args.height)), (0, 0))
        picture.paste(dark.crop((MARGIN, args.second, WIDTH, args.second + args.height)), (WIDTH, 0))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    halved = picture.resize((picture.width // 2, args.height // 2), Image.Resampling.LANCZOS)
    halved.quantize(COLORS, dither=Image.Dither.NONE).save(args.output, optimize=True)
    print(f"{args.output}: {args.output.stat().st_size:,} bytes")


def draw(page: Path, folder: Path, scheme: str, browser: str) -> Image.Image:
    """Return a page as a browser draws it. scheme: "light" or "dark"."""
    path = folder / f"{scheme}.png"
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--virtual-time-budget=3000",
        f"--user-data-dir={folder / scheme}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        f"--screenshot={path}",
        f"--window-size={WIDTH},{HEIGHT}",
        page.as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(path) as picture:
        return picture.convert("RGB")


if __name__ == "__main__":
    main()

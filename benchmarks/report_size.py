"""How large a report is, how long it takes to open it in a browser, and how long to filter its rows.

    python -m benchmarks.report_size report.html --section bert_textcat --search movie --browser chromium

Prints the size of the file, the seconds that the browser needs from its start to a page whose rows are drawn, and the
milliseconds that the page itself measures for a filter, which has all rows before it: a search in the texts, a label, a
confidence, another order.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

MEASURED = re.compile(r'data-count="(\d+)" data-milliseconds="([\d.]+)"')
RUNS = 5


def main() -> None:
    """Open a report with several filters, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--section", required=True, help="name of the component")
    parser.add_argument("--search", default="the", help="a word of the texts")
    parser.add_argument("--gold", default="1", help="a label")
    parser.add_argument("--browser", default="chromium")
    args = parser.parse_args()
    filters = {
        "only mistakes": "wrong=1",
        "all rows": "wrong=0",
        "text contains": f"wrong=0&search={args.search}",
        "gold and confidence": f"wrong=0&gold={args.gold}&least=0.9",
        "least confident first": "wrong=0&order=unsure",
    }
    print(f"{args.report.stat().st_size / 2**20:.1f} MB\n")
    print("| filter | rows | ms | s from the browser's start |\n|---|---|---|---|")
    for name, said in filters.items():
        address = f"{args.report.absolute().as_uri()}#{args.section}-rows?{said}"
        runs = [open_report(address, args.browser) for _ in range(RUNS)]
        middle = [statistics.median(values) for values in zip(*runs, strict=True)]
        print(f"| {name} | {middle[0]:,.0f} | {middle[1]:.0f} | {middle[2]:.1f} |")


def open_report(address: str, browser: str) -> tuple[int, float, float]:
    """Return how many rows are let through, the milliseconds of filtering, and the seconds until they were drawn."""
    with tempfile.TemporaryDirectory() as folder:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
        start = time.perf_counter()
        done = subprocess.run(
            [*command, "--dump-dom", address], capture_output=True, text=True, check=True, timeout=120
        )
        seconds = time.perf_counter() - start
    found = MEASURED.search(done.stdout)
    assert found is not None, "the page has no rows"
    return int(found[1]), float(found[2]), seconds


if __name__ == "__main__":
    main()

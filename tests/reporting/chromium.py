"""A real browser without a screen, by its command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-extensions",
)
OF_THE_BROWSER = "not an origin"
"""Who asks for what the browser itself wants, such as the time."""


def open_page(page: Path, folder: Path, *, address: str = "") -> tuple[str, list[str], str]:
    """Return what the page has become, the addresses that it asked for, and what its console said.

    page: a file. folder: an empty one, for the browser's own files. address: after the #. Every name is unknown to it.
    """
    assert BROWSER is not None
    log = folder / "net.json"
    command = [
        BROWSER,
        *QUIET,
        f"--user-data-dir={folder / 'profile'}",
        f"--log-net-log={log}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr",
        "--virtual-time-budget=4000",
        "--dump-dom",
        f"{page.as_uri()}{address and f'#{address}'}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return done.stdout, requests_in(log), console


def requests_in(log: Path) -> list[str]:
    """Return the addresses of all requests of pages in a log of the browser's network."""
    text = log.read_text(encoding="utf8").rstrip().rstrip(",")
    try:
        events = json.loads(text)["events"]
    except ValueError:  # the browser ended before it closed the file
        events = json.loads(f"{text}]}}")["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    of_pages = [params["url"] for params in asked if params["initiator"] != OF_THE_BROWSER]
    return [url for url in of_pages if url.startswith(("http", "ws"))]

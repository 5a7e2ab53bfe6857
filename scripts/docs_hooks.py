"""What the site shows beside docs/: the configs, which pages link to, and a page for each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent


def on_files(files: Files, *, config: Any) -> Files:
    """Add the configs as files of the site."""
    for path in sorted((ROOT / "configs").glob("*.cfg")):
        files.append(File.generated(config, f"configs/{path.name}", content=path.read_text(encoding="utf8")))
    return files


def on_page_markdown(markdown: str, **context: Any) -> str:
    """Have links to the configs lead to those of the site."""
    return markdown.replace("](../configs/", "](configs/")

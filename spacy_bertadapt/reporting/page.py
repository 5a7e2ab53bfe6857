"""The page: the template filled, with its style and its script inside, and a policy that forbids every request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from .markup import Block

FOLDER = Path(__file__).parent / "page"
TEMPLATE, STYLE, SCRIPT = "report.html", "report.css", "report.js"


@dataclass(frozen=True, slots=True)
class Card:
    """A score, as text. range: its interval."""

    title: str
    value: str
    range: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the page. id: its anchor. rows: the JSON of its error browser."""

    id: str
    title: str
    note: str = ""
    cards: Sequence[Card] = ()
    blocks: Sequence[Block] = ()
    rows: Markup | None = None
    rows_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says. summary: sentences at its top. facts: names and values below."""

    title: str
    summary: Sequence[str]
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    footer: str = field(default="")


def render(page: Page) -> str:
    """Return the page as HTML that needs no other file."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    style, script = (Markup((FOLDER / name).read_text(encoding="utf8")) for name in (STYLE, SCRIPT))
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        title=page.title,
        summary=page.summary,
        facts=page.facts,
        sections=page.sections,
        footer=page.footer,
        style=style,
        script=script,
        policy=_policy(style, script),
    )


def _policy(style: str, script: str) -> str:
    """Return a policy by which nothing is loaded, and only this style and this script count."""
    rules = {
        "default-src": "'none'",
        "style-src": _digest(style),
        "script-src": _digest(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

"""What a server may be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HELD_BODIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a server takes.

    max_queue: texts (or pairs) that wait. max_texts: texts of one request. max_text_length: characters of one text; of
    a pair, those of both together. max_body: bytes of one request's body. timeout: seconds in which a request is
    answered.
    """

    max_queue: int = 1024
    max_texts: int = 256
    max_text_length: int = 20_000
    max_body: int = 2 * 2**20
    timeout: float = 30.0

    @property
    def texts_of_a_request(self) -> int:
        """How many texts a request may have: no more than can wait."""
        return min(self.max_texts, self.max_queue)

    @property
    def held_bytes(self) -> int:
        """How many bytes of all requests' bodies are held at once."""
        return HELD_BODIES * self.max_body


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """How texts are gathered.

    max_size: texts of one batch. max_characters: of one batch, if it has more than one text; None: as many as the
    pipeline's networks take at once. max_wait: seconds for which a batch that is not full waits for more texts.
    """

    max_size: int = 32
    max_characters: int | None = None
    max_wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """All that a server is told.

    pipeline: name of an installed package, or a directory. overrides: settings of its config by dotted name.
    host, port: where it listens; port 0: any free one. threads: of torch; None: as many as torch chooses. watch:
    seconds between two looks at the pipeline's folder; None: it is loaded again only when SIGHUP says so.
    """

    pipeline: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8000
    limits: Limits = field(default_factory=Limits)
    batches: BatchSettings = field(default_factory=BatchSettings)
    threads: int | None = None
    watch: float | None = None

"""Whether the Hugging Face hub can be reached, known before its library has tried again and again."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..network.encoder_source import EncoderSource

HUB = "https://huggingface.co"
PATIENCE = 5  # seconds
OFFLINE = "HF_HUB_OFFLINE"


def offline_without_network(encoder: str) -> None:
    """Set HF_HUB_OFFLINE for this process if an encoder is to come from the hub, and the hub can't be reached.

    Then only the hub's cache is searched, at once and in silence. To be called before Transformers is imported, which
    reads the setting then. Behind a proxy nothing is tried: the library's own attempt decides.
    """
    if OFFLINE in os.environ or EncoderSource(encoder).is_local or _has_proxy():
        return
    if not _can_be_reached(os.environ.get("HF_ENDPOINT", HUB)):
        from huggingface_hub import constants

        os.environ[OFFLINE] = "1"
        constants.HF_HUB_OFFLINE = True  # it was read before, if another of spaCy's plugins has imported the library


def _has_proxy() -> bool:
    return not getproxies().keys().isdisjoint(("http", "https", "all"))


def _can_be_reached(url: str) -> bool:
    address = urlsplit(url)
    try:
        port = address.port or (80 if address.scheme == "http" else 443)
        socket.create_connection((address.hostname or "", port), timeout=PATIENCE).close()
    except (OSError, ValueError):
        return False
    return True

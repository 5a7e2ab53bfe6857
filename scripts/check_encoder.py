"""Check that an encoder's weights are the ones that are expected: `check_encoder.py NAME SHA256`."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from spacy_bertadapt.network.encoder_source import EncoderSource


def main(name: str, expected: str) -> None:
    """Compare the sha256 of the encoder's model.safetensors; end with an error where it differs."""
    weights = Path(EncoderSource(name).locate()) / "model.safetensors"
    actual = hashlib.sha256(weights.read_bytes()).hexdigest()
    if actual != expected:
        sys.exit(f"{weights} has sha256 {actual}, expected {expected}. Reinstall the package.")
    print(f"✔ {name}: sha256 {actual[:12]}… is as expected")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The device that a pipeline's components compute on, where a process is told to use a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spacy import util
from thinc.api import Config, require_gpu

from ..errors import Errors, InvalidError


def use_spacys_gpu(gpu_id: int) -> None:
    """Let spaCy's own components use a GPU too, where CuPy is installed. Raises ValueError if torch has no such GPU."""
    if gpu_id < 0:
        return
    import torch

    if gpu_id >= torch.cuda.device_count():
        reason = f"torch sees {torch.cuda.device_count()} of them"
        raise InvalidError(Errors.E537.format(gpu_id=gpu_id, reason=reason))
    try:
        require_gpu(gpu_id)
    except ValueError:  # there is no CuPy; components of this package don't need it
        torch.cuda.set_device(gpu_id)


def device_settings(pipeline: str, gpu_id: int) -> dict[str, Any]:
    """Return the settings by which all networks of a pipeline compute on a GPU, by dotted name; none for -1."""
    if gpu_id < 0:
        return {}
    config = Config().from_disk(_folder(pipeline) / "config.cfg", interpolate=False)
    return {
        f"components.{name}.model.device": f"cuda:{gpu_id}"
        for name, block in config.get("components", {}).items()
        if "device" in block.get("model", {})
    }


def _folder(pipeline: str) -> Path:
    """Return the folder of a pipeline by its path, or by the name of an installed package."""
    if not util.is_package(pipeline):
        return Path(pipeline)
    package = util.get_package_path(pipeline)
    meta = util.get_model_meta(package)
    return package / f"{meta['lang']}_{meta['name']}-{meta['version']}"

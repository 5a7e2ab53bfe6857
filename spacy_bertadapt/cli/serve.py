"""`serve`: a pipeline behind HTTP."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import Errors, MissingPackageError
from . import options

if TYPE_CHECKING:
    from ..serving.server.service import Service

SERVER_PACKAGES = ("fastapi", "httptools", "prometheus_client", "uvicorn")


def serve_cli(
    context: typer.Context,
    pipeline: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; 0.0.0.0: all of this machine's")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0: any free one")] = 8000,
    max_batch_size: Annotated[
        int, typer.Option("--max-batch-size", min=1, help="Texts that are predicted together")
    ] = 32,
    max_batch_characters: Annotated[
        int, typer.Option("--max-batch-characters", min=0, help="Their characters; 0: what the networks take at once")
    ] = 0,
    max_wait_ms: Annotated[
        float, typer.Option("--max-wait-ms", min=0, help="How long a batch that is not full waits for more texts")
    ] = 0,
    max_queue: Annotated[int, typer.Option("--max-queue", min=1, help="Texts that wait; more get status 429")] = 1024,
    max_texts: Annotated[int, typer.Option("--max-texts", min=1, help="Texts of a request; more get 413")] = 256,
    max_text_length: Annotated[
        int, typer.Option("--max-text-length", min=1, help="Characters of a text; more get 413")
    ] = 20_000,
    max_body_bytes: Annotated[
        int, typer.Option("--max-body-bytes", min=1, help="Bytes of a request's body; more get 413")
    ] = 2 * 2**20,
    timeout: Annotated[float, typer.Option("--timeout", min=0.001, help="Seconds to an answer; after them, 504")] = 30,
    threads: Annotated[int, typer.Option("--threads", min=0, help="Threads of torch; 0: as many as it chooses")] = 0,
    watch: Annotated[
        float,
        typer.Option(
            "--watch", min=0, help="Load the pipeline again when its files change: look every so many seconds"
        ),
    ] = 0,
) -> None:
    """
    Answer requests for predictions over HTTP: POST /predict. Requests that come at the same time are predicted
    together. At SIGHUP the pipeline is loaded again, without a request lost; at SIGTERM and Ctrl-C, requests that have
    come are still answered. Settings of the config are given as options: --components.bert_textcat.model.device cpu.
    """
    with options.errors_as_messages():
        _check_packages()
        from ..serving.server.run import run
        from ..serving.server.settings import BatchSettings, Limits, ServerSettings

        settings = ServerSettings(
            pipeline=pipeline,
            overrides=options.config_overrides(context),
            host=host,
            port=port,
            limits=Limits(
                max_queue=max_queue,
                max_texts=max_texts,
                max_text_length=max_text_length,
                max_body=max_body_bytes,
                timeout=timeout,
            ),
            batches=BatchSettings(
                max_size=max_batch_size, max_characters=max_batch_characters or None, max_wait=max_wait_ms / 1000
            ),
            threads=threads or None,
            watch=watch or None,
        )
        run(settings, _announce)


def _check_packages() -> None:
    """Raise ImportError if a package of the extra is not installed."""
    missing = [name for name in SERVER_PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingPackageError(Errors.E587.format(package=" and ".join(missing), extra="serve"))


def _announce(service: Service, address: str) -> None:
    pipeline = service.queue.pipeline
    typer.echo(f"Serving {pipeline.name} {pipeline.version} at {address}")

"""`python -m spacy bertadapt …`: what spaCy has no command for."""

import typer
from spacy.cli._util import app as spacy_app

from .apply import apply_cli
from .calibrate import calibrate_cli
from .compare import compare_cli
from .convert import convert_cli
from .debug_data import debug_data_cli
from .evaluate import evaluate_cli
from .export import export_cli
from .import_checkpoint import import_cli
from .init_config import init_config_cli
from .options import READER_HELP, TAKES_OVERRIDES
from .pretrain import pretrain_cli
from .report import report_cli
from .serve import serve_cli
from .show import show_cli
from .train import train_cli

app = typer.Typer(name="bertadapt", help="Adapt BERT inside spaCy.", no_args_is_help=True, rich_markup_mode=None)
app.command("init-config", context_settings=TAKES_OVERRIDES, epilog=READER_HELP)(init_config_cli)
app.command("debug-data", context_settings=TAKES_OVERRIDES, epilog=READER_HELP)(debug_data_cli)
app.command("convert", context_settings=TAKES_OVERRIDES, epilog=READER_HELP)(convert_cli)
app.command("evaluate", context_settings=TAKES_OVERRIDES, epilog=READER_HELP)(evaluate_cli)
app.command("calibrate", context_settings=TAKES_OVERRIDES, epilog=READER_HELP)(calibrate_cli)
app.command("report", context_settings=TAKES_OVERRIDES, epilog=READER_HELP)(report_cli)
app.command("apply")(apply_cli)
app.command("import")(import_cli)
app.command("export")(export_cli)
app.command("pretrain")(pretrain_cli)
app.command("train", context_settings=TAKES_OVERRIDES)(train_cli)
app.command("serve", context_settings=TAKES_OVERRIDES)(serve_cli)
app.command("show", context_settings=TAKES_OVERRIDES)(show_cli)
app.command("compare", context_settings=TAKES_OVERRIDES)(compare_cli)
spacy_app.add_typer(app)

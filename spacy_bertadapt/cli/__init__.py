"""`python -m spacy bertadapt …`: what spaCy has no command for."""

import typer
from spacy.cli._util import app as spacy_app

app = typer.Typer(name="bertadapt", help="Adapt BERT inside spaCy.", no_args_is_help=True)
spacy_app.add_typer(app)

"""Settings and comments of configs for named entity recognition."""

from __future__ import annotations

from ...planning.choices import Choice, choose_max_length
from ...planning.data_summary import DataSurvey
from ...planning.task import ConfigPlan

LARGEST_STRIDE = 32


def choose(data: DataSurvey) -> list[Choice]:
    """Decide on the settings that depend on the data."""
    max_length = choose_max_length(data)
    loss = Choice("component.loss", None, "cross-entropy over tags; weights of types are rarely of use")
    return [loss, max_length, _stride(max_length.value, data)]


def _stride(max_length: int, data: DataSurvey) -> Choice:
    stride = min(LARGEST_STRIDE, max_length // 4)
    reason = "subwords that neighbouring windows share, so that entities at an edge are seen whole"
    if data.lengths.longest <= max_length:
        reason = "no training text needs several windows"
    return Choice("component.stride", stride, reason)


PLAN = ConfigPlan(
    choose=choose,
    notes={
        "component.scheme": "tags of the head: bio, bilou, io, iob1; null: the checkpoint's own if it has some, "
        "else bio",
        "component.confidence": "an entity's score is the mean or the product of its tokens' probabilities",
        "component.min_score": "entities below this score are left out",
        "component.overwrite_ents": "whether entities of earlier components give way to overlapping ones",
        "component.spans_key": "key in doc.spans where the entities and their scores stand besides; null: nowhere",
        "component.score_extension": "the scores are ent._.score; null: nowhere",
        "component.stride": "overlap of neighbouring windows, in subwords; a token is read where it stands farthest "
        "from an edge",
        "component.loss.class_weights": 'null, "balanced", or a weight by type: {"O": 0.5, "PERSON": 2.0}',
        "reader.word": "columns by number: 0 is the first, -1 the last",
        "reader.tag": "as for the word",
        "reader.document": "column that names the document; null: there is none",
        "reader.format": "null: by content and suffix; else one of docs/data.md",
        "reader.text": "key of the text, where entities are characters of it",
        "reader.words": "key of a list of words; null: entities are characters of a text",
        "reader.tags": "key of a list with a tag for each word",
        "reader.tag_names": "names of tags that are numbers, in their order",
        "reader.scheme": "bio, iob1, bioes or bilou: a tag against it is an error; null: whatever is there",
        "reader.alternatives": "divides several tags of a token, of which the first counts",
        "reader.sentences": "sentences that go into a Doc; 0: all of a document",
        "reader.gold_preproc": "true: scores are on the file's tokens, as in publications; false: on those of the "
        "pipeline's tokenizer",
    },
    sample={"component.max_length": 128, "component.loss": {"@losses": "spacy-bertadapt.CrossEntropy.v1"}},
)

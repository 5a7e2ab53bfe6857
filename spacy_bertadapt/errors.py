"""Every message that users can meet: the value, the cause, the remedy. Codes never change their meaning."""

from __future__ import annotations


class BertadaptError(Exception):
    """An error of this package: its message has a code, and says the cause and the remedy.

    Each subclass is also the built-in error that a caller would expect, so that `except ValueError` works.
    """


class InvalidError(BertadaptError, ValueError):
    """A setting, a text or a file that can't be used as it is."""


class NotRecognizedError(InvalidError):
    """A file of which nothing is recognized."""


class WrongTypeError(BertadaptError, TypeError):
    """An argument of another type than the function takes."""


class NotFoundError(BertadaptError, FileNotFoundError):
    """A file, a directory, a package or an encoder that is not there."""


class ExistsError(BertadaptError, FileExistsError):
    """A file or a run that is there already."""


class SaveError(BertadaptError, OSError):
    """A file or a folder that can't be written."""


class DirectoryError(BertadaptError, IsADirectoryError):
    """A directory in the place of a file."""


class AddressError(BertadaptError, OSError):
    """An address that a server can't have."""


class MissingPackageError(BertadaptError, ImportError):
    """An optional package that is not installed."""


class OutOfMemoryError(BertadaptError, MemoryError):
    """A device without room for the smallest piece of work."""


class ProcessError(BertadaptError, RuntimeError):
    """A process that failed, or that can't do what it was asked for."""


class DoesNotFit(InvalidError):
    """A text of a batch, by its number, that no window can hold."""

    def __init__(self, message: str, text: int):
        super().__init__(message)
        self.text = text


def require(setting: str, value: object, *, possible: bool, remedy: str) -> None:
    """Raise InvalidError for a setting whose value is not possible.

    remedy: the values that are, such as "use 1 or more".
    """
    if not possible:
        raise InvalidError(Errors.E308.format(setting=setting, value=value, remedy=remedy))


def require_at_least(setting: str, value: float | None, smallest: float) -> None:
    """Raise InvalidError for a setting below the smallest value that is possible; None is always possible."""
    require(setting, value, possible=value is None or value >= smallest, remedy=f"use {smallest} or more")


class Errors:
    """Messages by code.

    E1 encoders and checkpoints, E2 texts and windows, E3 labels and training, E5 command line, C corpora.
    """

    # Encoders and checkpoints
    E101 = "[E101] No encoder named '{name}': {reason}. {remedy}"
    E102 = (
        "[E102] '{name}' is no Transformers checkpoint: {reason}. "
        "Name a hub id, a directory with config.json and weights, or package:NAME."
    )
    E103 = (
        "[E103] '{name}' has no fast tokenizer (no tokenizer.json, and none could be made). "
        "Save one with AutoTokenizer.from_pretrained(...).save_pretrained(...), or choose another encoder."
    )
    E104 = (
        "[E104] '{name}' lacks weights that its architecture needs ({keys}). "
        "The file is cut short or of another architecture: fetch the checkpoint again."
    )
    E105 = "[E105] Can't load the saved component: {path} {reason}. Save the pipeline again, or restore that file."
    E106 = (
        "[E106] '{name}' has no model yet. Train it (spacy train), call nlp.initialize() or "
        "pipe.initialize(lambda: []) for a checkpoint that is already fine-tuned, or load a trained pipeline."
    )
    E107 = (
        "[E107] precision = '{precision}' is none of auto, float32, bfloat16, float16 "
        "(float16 needs a GPU; on a CPU use bfloat16 or float32)."
    )
    E108 = (
        "[E108] device = '{device}' can't be used: {reason}. "
        'Set device = "auto" or "cpu", of a saved pipeline by '
        'spacy.load(path, config={{"components.NAME.model.device": "cpu"}}), or install a build of torch that has it.'
    )
    E109 = (
        "[E109] A process forked from one that uses the GPU can't use it too. "
        "Predict with n_process=1 on a GPU, or set multiprocessing's start method to 'spawn'."
    )
    E110 = (
        "[E110] max_length = {max_length}, but '{name}' takes at most {limit} subwords. "
        "Set max_length = {limit} or null."
    )
    E111 = "[E111] The Thinc model of a component predicts only. Learn by the component's `update`, as nlp.update does."
    E112 = (
        "[E112] '{encoder}' is a {problem} classifier, but exclusive = {exclusive}. Set exclusive = {opposite}, "
        "or give other labels to train a new head."
    )
    E113 = (
        "[E113] No parameter of the network learns: adapt.rates freezes them all. "
        "Give at least one part, such as the head, a rate above 0."
    )
    E114 = (
        "[E114] LoRA needs peft, which is not installed. Install it: pip install 'spacy-bertadapt[lora]'. "
        'A pipeline trained with save = "merged" loads without it.'
    )
    E115 = (
        "[E115] peft can't put LoRA's matrices into '{name}': {reason}. "
        'Name the linear layers in adapt.target_modules, such as ["query", "value"].'
    )
    E116 = (
        "[E116] {path} holds an adapter without its encoder, '{name}', which can't be read: {reason} "
        "Make that available under the same name; or, where it was moved, name its directory in the config, as by "
        'spacy.load(..., config={{"components.<name>.model.encoder.name": ...}}); or save the pipeline with '
        'adapt.save = "merged" where it is.'
    )
    E117 = (
        "[E117] The adapter in {path} was trained on another '{name}': the weights have the checksum {checksum}, "
        "not {expected}. Restore the encoder that it was trained on."
    )
    E118 = "[E118] This network ({name}) has no adapter. There is one while it is trained with LoRA, or saved as one."
    E119 = (
        "[E119] '{name}' has no mask token in its tokenizer, so no word can be hidden from it. "
        "Choose an encoder that was trained on masked words, such as bert-base-uncased."
    )

    E130 = (
        "[E130] Can't save to {path}: {reason}. What was saved there before is as it was. Make room or choose a folder "
        "that can be written, and save again."
    )
    E131 = (
        "[E131] '{name}' is an adapter ({file} is in its folder), not an encoder. Merge it into its encoder first, "
        "as nlp.get_pipe(...).merge_adapter() does, save the pipeline, and name that component's model folder."
    )
    E132 = (
        "[E132] {path} has the setting {key} = {value!s:.60}, which would make Transformers load code or other files: "
        "it is not read. Delete the setting if you trust the rest of the file."
    )
    E133 = (
        "[E133] {path} is a link that leads out of the pipeline's folder, and is not followed. "
        "Put the file itself into the folder if you trust it."
    )
    E134 = (
        "[E134] {name!r:.200} can't be a component's name: spaCy saves a component in a folder of its name, and this "
        "one would lie outside of the pipeline. Give it a name without slashes."
    )
    E135 = (
        "[E135] {path} is {what}, whose place no other folder can take, as a save needs. "
        "Name a folder in it, such as {path}/model."
    )
    E136 = (
        "[E136] {path} is neither a file nor a folder, but such as a pipe or a device, and is not read. "
        "Put the file itself into the folder if you trust it."
    )
    E137 = (
        "[E137] {path} has a '{name}' that no pipeline saved there has written, and that this save would replace. "
        "Name another folder, or move it away."
    )
    E139 = (
        "[E139] adapt.{setting} is {given}, but the adapter that is saved in {path} was trained with {saved}. Leave it "
        "as it was saved, or merge the adapter (merge_adapter()) and train a new one."
    )
    E138 = (
        "[E138] {name!r} can't be a component's name: the folder of every pipeline has a part of that name. "
        "Give it another one."
    )

    # Texts and windows
    E201 = (
        "[E201] A window has room for {capacity} subwords beside what must stand in each of them, and "
        "stride = {stride}: it would never move on. Raise max_length, lower stride, or, of pairs, shorten the other "
        "text."
    )
    E202 = "[E202] long_text = '{long_text}' is none of mean, max, first."

    E203 = (
        "[E203] A text has neither the span groups '{first}' and '{second}' nor a [SEP] between two parts: {text!r}. "
        "Build the Doc with spacy_bertadapt.make_pair_doc, or write: {first} [SEP] {second}. For texts that are no "
        "pairs, leave the component out: nlp.disable_pipe(...)"
    )
    E204 = (
        "[E204] doc.spans['{name}'] holds {count} spans, but a part of a pair is one span, or none if it is empty. "
        "Text: {text!r}"
    )
    E205 = (
        "[E205] The {which} text of a pair has {length} subwords. It stands whole in every window of {max_length}, and "
        "leaves no room for the other. Shorten it, raise max_length, or lower stride. It begins: {text!r}"
    )
    E206 = "[E206] task = {task!r} has no pairs of texts; those that have: {known}."
    E207 = "[E207] A {kind} is no text: pass a string, a Doc or a Span."
    E208 = "[E208] There is no {what} to draw: run the pipeline on the Doc first. Text: {text!r}"
    E209 = "[E209] answer_many takes several questions, as a list; for one, '{question}', use answer."
    E210 = "[E210] A question is a string, not a {kind}."
    E211 = (
        "[E211] The Doc has answers to questions that its pipeline asked of every text: give these to "
        'render_answers(..., questions=nlp.get_pipe("bert_qa").questions). Text: {text!r}'
    )
    E212 = (
        "[E212] {pair!r:.80} is no pair of texts: give a tuple of two, or a dict, in this order or with these names: "
        "'{first}' and '{second}'."
    )

    # Labels and training
    E301 = (
        "[E301] '{name}' has no labels: no training example has any in {place} (there are no examples, they lack "
        "annotation, or they hold nothing there), none were given, and the checkpoint '{encoder}' has no trained head. "
        "Pass examples with labels, set labels = [...], or name a fine-tuned checkpoint."
    )
    E302 = (
        "[E302] '{name}' has the single label '{label}': there is nothing to tell apart. "
        "Check the training data, or set exclusive = false."
    )
    E303 = "[E303] '{name}' doesn't know the label '{label}'; it knows {labels}. {remedy}"
    E304 = (
        "[E304] The labels of '{name}' are fixed once it is initialized (tried to add '{label}'). "
        "Add labels before nlp.initialize(), or list them under [initialize.components.{name}]."
    )
    E305 = (
        "[E305] An example has {count} labels at 1.0 ({labels}), but '{name}' is exclusive. "
        "Set exclusive = false, or leave one. Text: {text!r}"
    )
    E306 = (
        "[E306] {count} steps in a row had a non-finite loss or gradient; they were skipped, and the weights are those "
        'of the last good step. Try a lower learning rate, a longer warm-up, grad_clip = 1.0, or precision = "float32".'
    )
    E307 = (
        "[E307] The device ran out of memory with a single text in the batch ({rows} windows of {width} subwords). "
        "Lower max_length or max_windows, or use a device with more memory."
    )
    E308 = "[E308] {setting} = {value!r} is not possible: {remedy}"
    E309 = "[E309] Class weights name {unknown}, but the labels are {labels}. Correct class_weights."
    E311 = "[E311] The gold value of '{label}' is {value}, not a number from 0 to 1. Text: {text!r}"
    E310 = '[E310] class_weights = "balanced" needs training examples, and there are none. Give them as numbers.'

    E312 = (
        "[E312] '{name}' needs the bert_nli component '{nli}' before it in the pipeline, which has {known}. Add one "
        "first, name it in `nli`, or give '{name}' a checkpoint of its own in `model`."
    )
    E313 = (
        "[E313] '{name}' has no labels to choose from. Set them in its config, or nlp.get_pipe('{name}').labels = [...]"
    )
    E314 = (
        "[E314] The labels of '{name}' are {labels}: none says entailment, or none its opposite. "
        "Name a checkpoint for natural language inference."
    )

    E315 = (
        "[E315] Span._.{name} is an extension with a method, or a getter alone, so scores can't be set there. "
        "Name another one in score_extension, or set it to null."
    )
    E316 = (
        "[E316] The labels {labels!s:.200} are no tags of entities: there must be one O, and no label twice. "
        "Name a checkpoint for entities, or give labels to train a new head."
    )
    E317 = (
        "[E317] '{encoder}' is a regression model (problem_type in its config.json): it predicts numbers, and '{name}' "
        "has the loss {loss} of labels. Set loss = null, or name a classifier, or give labels that are not the "
        "checkpoint's own to train a new head."
    )
    E318 = (
        "[E318] '{setting}' of '{name}' can't be changed while it is in use; what can is: {live}. Give it when the "
        'component is made, as by spacy.load(..., config={{"components.{name}.{setting}": ...}}).'
    )
    E319 = (
        "[E319] The head of '{encoder}' has several outputs of one name: {labels}. "
        "Correct id2label in its config.json, or give labels to train a new head."
    )

    E321 = (
        "[E321] '{encoder}' is a {problem} classifier, but the labels of '{name}' exclude each other. Name a "
        "checkpoint for natural language inference, or give other labels to train a new head."
    )
    E322 = (
        "[E322] '{name}' has the single label '{label}': there is nothing to tell apart. Check the training data, or "
        "name a checkpoint that has several labels."
    )
    E323 = (
        "[E323] An example has {count} labels at 1.0 ({labels}), but a premise bears on a hypothesis in one way for "
        "'{name}'. Leave one. Text: {text!r}"
    )
    E324 = (
        "[E324] The score of an answer is the component's, and can't be set. To keep another number, set it on a Span "
        "of the Doc: doc[span.start : span.end]._.{name} = ..."
    )
    E325 = (
        "[E325] max_span_length of '{name}' can't be changed, as its suggester names the candidates. Give another "
        'suggester when the component is made, such as {{"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2, 3]}}.'
    )

    E330 = (
        "[E330] Training diverged: after step {step} a hidden subword of the held-out texts has a loss of {loss:.4g} "
        "nats, with learn_rate = {rate:g}. Start anew (--force) with a lower --learn-rate, such as 5e-5, or a longer "
        "--warmup; if it is so after step 0, with another encoder."
    )

    # Encoders that are listened to
    E350 = (
        "[E350] {encoder} gives no vectors in training ({reason}). It has to stand before the component that listens "
        "to it, and to run: where it is among the frozen_components of [training], put it in annotating_components too."
    )
    E351 = (
        "[E351] adapt = {adapt} is about an encoder of the component's own, but this one listens to {encoder}: all of "
        "its head learns. Leave [components.NAME.adapt] out; to freeze what is listened to, put it in the "
        "frozen_components of [training], and in annotating_components too."
    )
    E352 = (
        "[E352] There is nothing to listen to at {encoder}: {reason}. Put such a component before this one in the "
        "pipeline, or correct `upstream` in its config."
    )
    E353 = (
        "[E353] '{name}' listens to {encoder}, and the pipeline in which that is isn't known any more, so texts can't "
        "be read. Call nlp on pair Docs (spacy_bertadapt.make_pair_doc), or make the component with nlp.add_pipe."
    )
    E354 = (
        "[E354] The vectors of a Doc have the shape {shape}, but the head was made for {wanted} (tokens, width). Train "
        "the component anew on what it listens to now, or let it listen to what it was trained on."
    )
    E355 = (
        "[E355] The predicted Doc of an example has another text than its reference: {predicted!r}, not {reference!r}. "
        "A component that listens needs vectors of the very text that has gold: make both Docs of the same text."
    )
    E356 = (
        "[E356] Texts without a pair can't be compared on vectors of {encoder}, as a pair is read as one Doc. Let "
        "bert_zeroshot stand on a bert_nli that has an encoder of its own."
    )
    E357 = (
        "[E357] The layer of a component has weights of torch, which Thinc reads by unpickling: with torch {version} "
        "that may run code of the file. Install torch 2.6 or newer, or remove the component from the pipeline."
    )

    # Numbers as values of labels
    E360 = "[E360] The gold value of '{label}' is {value}, which is no finite number. Correct it. Text: {text!r}"
    E361 = (
        "[E361] '{encoder}' is a {problem} classifier, and '{name}' is to predict numbers, by its loss. Name an "
        "encoder or a regression model, or give labels that are not the checkpoint's own to train a new head."
    )
    E362 = (
        "[E362] '{name}' predicts numbers ({labels}), and no probability of an entailment. "
        "Name a component or a checkpoint for natural language inference."
    )
    E363 = (
        "[E363] {source}: {column!r} is {value!r:.80}, which is no finite number. Write one with a decimal point, or "
        "nothing where there is none; with header = true the first row holds names."
    )
    E364 = (
        "[E364] {count} names in `labels` ({labels}) for {columns} columns in `scores`. Give one name a column, or "
        "labels = null to call the numbers as their columns."
    )
    E365 = "[E365] --task {task} has no numbers to learn, only labels. Tasks that have: {known}."
    E366 = (
        "[E366] --regression, and {path} is no .spacy file: a raw file has its numbers in columns. "
        "Name these with --reader.scores."
    )
    E367 = "[E367] `scores` and `{setting}` both say where gold is: `scores` reads numbers. Give one of the two."

    # One encoder for several heads
    E340 = (
        "[E340] '{name}' needs the encoder of a component '{upstream}', and the pipeline has {known}. Add a "
        "bert_encoder of that name before it, take it over too where '{name}' was taken from another pipeline "
        "(source=...), or give '{name}' an encoder of its own in `model.encoder`."
    )
    E341 = (
        "[E341] '{name}' needs the encoder of '{upstream}', which is no bert_encoder, but a {kind}. Name the "
        "bert_encoder in `model.encoder.upstream` of '{name}'."
    )
    E342 = (
        "[E342] '{name}' needs the encoder of '{upstream}', which comes after it in the pipeline. Add '{upstream}' "
        "first, or '{name}' with after=\"{upstream}\"."
    )
    E343 = (
        "[E343] '{name}' was taken from another pipeline without '{upstream}', whose encoder it needs. Take that over "
        "first: nlp.add_pipe('{upstream}', source=..., before='{name}'); or give '{name}' its own in the pipeline that "
        "it comes from: nlp.replace_listeners('{upstream}', '{name}', ['model.encoder'])."
    )
    E344 = (
        "[E344] '{name}' was made for an encoder of {wanted} hidden units, and that of '{upstream}' has {size}. Take "
        "over the '{upstream}' that '{name}' was trained with, or train '{name}' anew with nlp.initialize()."
    )
    E345 = (
        "[E345] '{name}' can't be saved in a pipeline without the component '{upstream}', whose encoder it needs; its "
        "config has {known}. Add or rename that component, or give '{name}' an encoder of its own first: "
        "nlp.replace_listeners('{upstream}', '{name}', ['model.encoder'])."
    )

    E346 = (
        "[E346] adapt = {adapt} is about an encoder of the component's own, but this one is a head on that of "
        "'{upstream}': all of the head learns. Say how the encoder learns in [components.{upstream}.adapt], and leave "
        "it out of the head's own block."
    )

    E347 = (
        "[E347] '{name}' needs the encoder of a component '{upstream}', and the pipeline has none of that name. Did "
        'you mean upstream = "{known}", in [components.{name}.model.encoder]?'
    )

    # Command line
    E501 = "[E501] --task {task} is not possible: there is only {known} for now."
    E502 = "[E502] No data at {path} (relative paths start from {cwd}). Correct the path."
    E503 = (
        "[E503] {path} holds no text with annotation for the task. Check that it is the right file, and name its "
        "columns with --reader.text and --reader.label, or as the task's reader calls them."
    )
    E504 = (
        "[E504] Every text in {path} has the one label '{label}': there is nothing to tell apart. "
        "Add texts of other labels, or name another column with --reader.label."
    )
    E505 = "[E505] {path} is there already. Add --force to write over it, or name another file."
    E506 = "[E506] {path} holds no texts to score on. Check that it is the right file."
    E507 = "[E507] {path} must end in .spacy, or spaCy's reader won't see it. Name the file so."

    E508 = "[E508] {reader} has no setting '{setting}'. It has {known}: name them as --reader.{setting} VALUE."

    E509 = (
        "[E509] Some pairs in {path} have several labels, or none: a premise bears on a hypothesis in one way. "
        "Leave one label a pair, or use --task textcat."
    )

    E510 = (
        "[E510] There is no option --{option}. Settings of the reader of raw files are --reader.NAME VALUE, of several "
        "tasks --reader.TASK.NAME VALUE."
    )
    E511 = (
        "[E511] No way to tell the format of {path}: it must end in .txt (one text a line) or .jsonl (a `text` in each "
        "object), or in one of these and .gz. Write the texts to such a file; of a table, the column of its texts."
    )
    E512 = "[E512] {path} holds {content} to train on. {remedy}"
    E513 = (
        "[E513] {path} holds an earlier run. Add --resume to go on with it, --force to start anew, "
        "or name another folder."
    )
    E514 = "[E514] Nothing to resume in {path}: {reason}. {remedy}"
    E515 = (
        "[E515] The run in {path} had other settings or texts: {changes}. "
        "Give it the same ones, or start anew with --force."
    )
    E516 = "[E516] There is no BERT component among {components}. Name a pipeline or a config that has one."
    E517 = "[E517] No strategy is called {unknown}. There are {known}."
    E518 = (
        "[E518] compare needs a config with exactly one encoder, and a component with a task on it; this has the "
        "components {components}."
    )
    E519 = (
        "[E519] Training with '{strategy}' failed (exit code {code}); its messages are above. "
        "Try it alone: python -m spacy train {config}"
    )
    E520 = "[E520] No config file {path} (relative paths start from {cwd}). Correct the path."
    E521 = "[E521] The task '{task}' is used as it is, and not trained: no config can be made for it."
    E522 = "[E522] {path} can't be read as a config: {reason}. Correct it, and save it as UTF-8."
    E523 = (
        "[E523] The pipeline '{name}' can't be loaded: {reason}. Correct or restore its files, or train the pipeline "
        "again."
    )
    E524 = "[E524] {reason}. Check the path, and that there is room and leave to write."
    E525 = (
        "[E525] {path} can't be read as spaCy's own format: {reason}. Make it again, by `bertadapt convert` or "
        "DocBin.to_disk; a raw file must not end in .spacy."
    )
    E526 = "[E526] {value!r:.200} can't stand in a config: {reason}. Rename the file or folder, or name another value."
    E527 = "[E527] Can't write {path}: {reason}. Name another file."
    E528 = "[E528] {argument!r} stands where an option must. Write settings of the reader as --reader.NAME VALUE."
    E529 = "[E529] {path} holds no texts to convert. Check that it is the right file, or has .spacy files in it."

    E530 = "[E530] {setting} is no setting of {block}. {remedy}"
    E531 = "[E531] {setting} can't be used: {reason}. Correct it in the config, or where it is overridden."
    E532 = "[E532] {output} is an input of this command, and would be written over. Name another output."
    E533 = "[E533] {path} must end in .cfg, as configs do. Name the file so."
    E534 = (
        "[E534] None of the {count} {things} in {path} has annotation for the task {task}, so there is nothing to "
        "score; the pipeline has {components}. Check that it is the right file, or name its task with --task."
    )
    E535 = (
        "[E535] No component of the pipeline is scored for the task {task} (by {score}); it has {components}. "
        "Name the task of its components with --task, or another pipeline."
    )
    E536 = (
        "[E536] A text in {path} is no pair, and the task {task} needs pairs: {text!r}. "
        "Convert a raw file of pairs with --task {task}, or make the Docs by spacy_bertadapt.make_pair_doc."
    )
    E537 = (
        "[E537] --gpu-id {gpu_id} can't be used: {reason}. spaCy's own GPU needs CuPy (pip install cupy-cuda12x); "
        'leave the option out to run a component where its setting `device` says, such as "cuda:0", without CuPy.'
    )
    E538 = (
        "[E538] {reader} has no setting '{setting}'. Say what stands between the fields of a CSV file by "
        "`separator`, as --reader.separator ';'; a file with tabs has format = tsv."
    )
    E539 = "[E539] --{option} has no value, and is no switch. Write: --{option} VALUE"
    E540 = "[E540] {path} is a folder without .spacy files. Name a file, or a folder that has some."
    E541 = "[E541] {name} is no pipeline, but holds one, as `spacy train` saves it: name {pipeline}."
    E542 = "[E542] {option} is no option of {command}, nor a setting of a config, which has a dot in its name."
    E543 = "[E543] --device {device} is no device of torch. Write auto, cpu, cuda, cuda:0 or mps."
    E544 = "[E544] There is no component '{name}': {reason}. Name one that is there."
    E545 = (
        "[E545] '{name}', a {factory}, gives no vectors that another component can read. Name a bert_encoder, tok2vec, "
        "transformer or curated_transformer, or an encoder for the new component alone."
    )
    E546 = (
        "[E546] A component '{name}' is there already, in {place}. Give the new one another name (--name), or leave "
        "out one of the base (--without)."
    )
    E547 = "[E547] '{name}' can't be left out alone: {listeners} of the base read its vectors. Leave these out too."
    E548 = "[E548] {tasks} tasks, but {values} values of {option}. Give it once for each --task, in the same order."
    E549 = "[E549] --lang {lang} is not the language of '{base}', which is {base_lang}. Leave out --lang."
    E562 = (
        "[E562] --task {task} is given {count} times, and components of one kind would learn the labels of all their "
        "data. Add one a call: train the first, then add the next to that pipeline with --base and --name."
    )
    E561 = (
        "[E561] --regression with {tasks} tasks does not say which of them has numbers. Name the columns of a raw file "
        "with --reader.TASK.scores, or add the component of numbers in a call of its own (--base)."
    )

    # Import and export of checkpoints
    E550 = (
        "[E550] '{name}' has no {file}: its weights are a pickle, or missing, and an import reads no pickle. Where you "
        "trust it, load it with Transformers (AutoModelFor....from_pretrained), save it and its tokenizer to a folder "
        "(save_pretrained), and import that."
    )
    E551 = (
        "[E551] No way to tell which task '{name}' is for: its config.json names {has} as its architecture. "
        "Name the task with --task: {known}."
    )
    E552 = (
        "[E552] '{name}' has no trained head for the task {task}: its config.json names {has} as its architecture. "
        "Name another task with --task, or train a head, with a config of `python -m spacy bertadapt init-config`."
    )
    E553 = (
        "[E553] '{name}' has a {file} that can't be used: {reason} is no plain setting of the component. "
        "Correct the file, or delete it to import the checkpoint with default settings."
    )
    E554 = "[E554] --problem-type {value} is not possible for the task {task}. Possible: {known}."
    E555 = (
        "[E555] The pipeline has several components with a network: {components}. Name the one to export with "
        "--component."
    )
    E556 = (
        "[E556] There is no component '{name}' that can be exported. There is {components}: name one of "
        "these with --component."
    )
    E557 = (
        "[E557] {path} is not empty. Name another folder, or add --force: the files of a checkpoint are replaced "
        "then, README.md too, and all else stays."
    )
    E558 = (
        "[E558] {path} is not empty. Name another folder, or add --force: a pipeline in it is replaced then, and what "
        "is no part of it stays."
    )
    E559 = "[E559] {path} holds a pipeline, whose files an export would replace. Name another folder."
    E565 = "[E565] --name {name!r:.200} can't be the name of a component: it has letters, digits, _ and - alone."
    E564 = "[E564] --shared-encoder puts a new bert_encoder before the new components, but {reason}. {remedy}."
    E563 = (
        "[E563] No component can be exported: the pipeline has {components}. Name a pipeline with one of {factories}; "
        "the folder model of a saved bert_encoder is a checkpoint already."
    )
    E566 = (
        "[E566] The training in {path} came to its end with another config: {changes}. Begin a new one without "
        "--resume, or name another folder."
    )
    E567 = (
        "[E567] {path} has {pipelines} of another training, and no state to resume. Begin a new one without --resume, "
        "or name another folder."
    )
    E570 = (
        "[E570] The training data is not that of the run that is to be resumed: it had {earlier:,} examples, and there "
        "are {count:,} now, or texts differ. Bring the earlier data back, or begin anew without --resume."
    )
    E571 = (
        "[E571] Nothing to resume in {path}: no training there was interrupted after its first evaluation. Begin one "
        "without --resume."
    )
    E572 = (
        "[E572] A training can't go on with another config than it began with: {changes}. Set them back, or begin anew "
        "without --resume."
    )
    E573 = (
        "[E573] {path} holds a training that was interrupted. Add --resume to go on with it, --force to begin anew, or "
        "name another folder."
    )
    E574 = "[E574] --{option} needs a folder to save in: add -o FOLDER."
    E575 = (
        "[E575] Another process of this training has ended, or can't be reached: {reason}. Its own message says why. "
        "Start all of them again with --resume."
    )
    E576 = (
        "[E576] The {count} processes of this training did not come together in {seconds:.0f} s: {reason}. Start all "
        "of them, with one MASTER_ADDR and a free MASTER_PORT, or let torchrun do it; --join-timeout waits longer."
    )
    E577 = (
        "[E577] The environment says that this process is one of {count}, but no good value is set for {names}. Start "
        "them with torchrun, set what is missing, or unset WORLD_SIZE to train in one process."
    )
    E578 = (
        "[E578] Several processes can't train {names}: their libraries don't say how gradients add up. Name them in "
        "training.frozen_components, or train in one process."
    )
    E579 = "[E579] Process {rank} has another config than the first one: {changes}. Give all processes the same."
    E568 = (
        "[E568] Process {rank} has made {steps:,} steps before, and the first one {first:,}. Let all processes see one "
        "output folder, and give --resume to all of them or to none."
    )
    E569 = (
        "[E569] The training that is to be resumed had {earlier} processes, and has {count} now. Start as many, or "
        "begin anew without --resume."
    )
    E580 = "[E580] The {column!r} of this row can't be read: {reason}."
    E581 = (
        "[E581] The data has no column {column!r} for the pipeline's {input}; it has {columns}. Say which one it is: "
        "--columns {input}={guess}, in Python columns={{'{input}': '{guess}'}}."
    )
    E582 = (
        "[E582] The data has {columns} already, which predictions would replace. Put something before the names of the "
        "predictions' columns: --prefix predicted_, in Python prefix='predicted_'."
    )
    E583 = (
        "[E583] Column {column!r} can't be written with the rows before: {reason}. Give its values one type, or choose "
        "--output-format jsonl, whose rows may differ."
    )
    E584 = (
        "[E584] No component of the pipeline writes what could be a column{reason}; it has {components}. Name a "
        "pipeline with a component of texts, pairs or entities, such as bert_textcat."
    )
    E585 = "[E585] A component of the pipeline gave no Doc back for this row. Make it give back every Doc that it gets."
    E586 = "[E586] A process that predicts has failed: {reason}. Finished rows are kept: go on with --resume."
    E587 = "[E587] This needs {package}, which is not installed. Install it: pip install 'spacy-bertadapt[{extra}]'."
    E588 = "[E588] {path} names no file of rows. Their names end in {known}; those of text may have .gz after that."
    E589 = "[E589] {path} can't be read: {reason}. Restore or make the file again; rows of other files are done."
    E560 = (
        "[E560] A head on the vectors of {encoder} can't be exported: Transformers has no class for it. Train a "
        "component with an encoder of its own, or on a bert_encoder."
    )

    # Corpora
    C001 = (
        "[C001] No data file at {path} (relative paths start from {cwd}). "
        "Correct `path` in the [corpora] block of the config."
    )
    C002 = "[C002] {path} is a directory, and this reader reads a single file. Name a file in it in `path`."
    C003 = (
        "[C003] The reader has no `path`. Set it in the [corpora] block of the config, "
        "or where that says ${paths.train}, pass --paths.train FILE."
    )
    C004 = (
        "[C004] No way to tell the format of {path}: {format!r} is none of {known}. "
        "Rename the file, set `format` to one of those in docs/data.md, such as csv or jsonl, or name the task "
        "(--task) that such files belong to."
    )
    C005 = (
        "[C005] {source}: byte {byte} (number {position} of the line) is not UTF-8. "
        "Save the file as UTF-8, for example with: iconv -f CP1252 -t UTF-8 OLD > NEW"
    )
    C006 = (
        "[C006] {path} can't be unpacked as gzip after line {line}: {reason}. "
        "Copy or compress the file again, or drop .gz from the name of a file that isn't compressed."
    )
    C007 = (
        "[C007] {source}: the row that starts here is not valid CSV: {reason}. Put a field that holds a "
        "comma, a quote or a line break in double quotes and double each quote in it, or set format = 'tsv'."
    )
    C008 = (
        "[C008] {source}: the row that starts here has {width} columns, and the first row has {expected}. "
        "Correct it; in CSV a field that holds a comma must stand in double quotes."
    )
    C009 = (
        "[C009] {source}: no column {column!r}; the columns are {columns!s:.200}. Name one of these, give "
        "numbers from 0 (with header = true if the first row is one), or save the file with commas (.csv) or tabs "
        "(.tsv) between its fields."
    )
    C010 = (
        "[C010] {source}: the header has {column!r} {count} times. "
        "Rename all but one, or set header = true and give the column's number."
    )
    C011 = (
        "[C011] {path}: header = false, but the column {column!r} is a name. "
        "Give columns as numbers from 0, or set header to true or null."
    )
    C012 = (
        "[C012] {source}: no column number {column}; there are {width}, the first is 0, the last -1: "
        "{columns!s:.200}. Give another number, or set `format` if fields are split at the wrong character."
    )
    C013 = "[C013] {source}: {columns} are one and the same column. Give each setting a column of its own."
    C014 = "[C014] {source}: not valid JSON: {reason}. JSONL holds one complete JSON object on each line."
    C015 = '[C015] {source}: {value!r:.80} is no JSON object. Write each row of JSONL as {{"key": value}}.'
    C016 = "[C016] {path} is read as {format}, whose values have keys, so {column!r} is no column. Give the key's name."
    C017 = (
        "[C017] {source}: no key {key!r}; the keys are {keys!s:.200}. "
        "Add it to the row, or name another key in the config."
    )
    C018 = "[C018] {source}: {key!r} is {value!r:.80}, which is no text. Write a string; it may be empty."
    C019 = (
        "[C019] {source}: the label {label!r:.80} is neither a string nor a number. "
        "Write a name, in JSONL also a list of names, or null for a row without a label."
    )
    C020 = (
        "[C020] {source}: the label {label!r} is not in labels = {labels!s:.200}. Correct the row, add the "
        "label to `labels`, or set labels = null to gather them from the file."
    )
    C021 = (
        "[C021] {source}: {key!r} is {value!r:.80}, which is no JSON object. "
        'Write one such as {{"name": 1.0, "rest": 0.0}}, or set cats = null and name the `label` column.'
    )
    C022 = "[C022] {source}: the label {label!r} has the value {value!r:.80}. Give a number from 0.0 to 1.0."
    C023 = (
        "[C023] {path} holds no usable row: {report}. "
        "Check `path`, and that the columns or keys in the config hold what you mean."
    )
    C024 = (
        "[C024] {source}: the text has {length} characters, and nlp.max_length is {limit}. "
        "Split the text, or raise nlp.max_length in the callback [nlp] after_creation."
    )
    C025 = (
        "[C025] {source}: {fields!s:.200} has no word and tag in the columns asked for. Give their numbers "
        "in `word` and `tag` (or `tags`); a line without a token must be empty."
    )
    C026 = (
        "[C026] {source}: the tag {tag!r} can't stand here in the scheme {scheme}. Correct it, name another `scheme`, "
        "or set scheme = null to read whatever is there."
    )
    C027 = "[C027] scheme = {scheme!r} is none of {known}. Name one of these, or set scheme = null to read them all."
    C028 = (
        "[C028] {path} is not of SQuAD's form: {reason}. There must be data, paragraphs, context, qas, question, and "
        "answers with text and answer_start; in JSONL question, context and answers on each line."
    )
    C029 = (
        "[C029] {source}: the line has {width} columns, and the file's first token has {expected}. Give each token as "
        "many, or name the columns of the tags in `tags`."
    )
    C030 = (
        "[C030] {source}: {span!r:.80} is no span of the text, which has {length} characters: {reason}. "
        'Write {{"start": FIRST, "end": LAST + 1, "label": NAME}}, in characters of the text.'
    )
    C031 = (
        "[C031] {source}: the tokens {tokens!r:.80} don't make up the text. Write each as "
        '{{"text": "..."}}, as it stands in the text, or leave `tokens` out.'
    )
    C032 = "[C032] {reader}: {setting} = {value!r:.80} is of the wrong type. Write {expected}."
    C033 = "[C033] {path} looks like {title}, but {reader} reads {reads}. {remedy}"
    C034 = (
        "[C034] {source}: the label {label!r} is not in label_map = {label_map!s:.200}. Correct the row, or add the "
        "label to label_map, where it may stand for itself."
    )
    C035 = (
        "[C035] {source}: {fields!s:.80} looks like a header, and would be a token with an entity of that type. "
        "CoNLL has no header: delete the line."
    )
    C036 = (
        "[C036] {path} is UTF-16, as Excel and Windows write it. "
        "Save it as UTF-8, for example with: iconv -f UTF-16 -t UTF-8 OLD > NEW"
    )
    C037 = (
        "[C037] {path} is a spreadsheet (.xlsx) or a ZIP archive. "
        "Unpack it, or export the sheet from its program as CSV in UTF-8, with commas."
    )
    C038 = (
        "[C038] {source}: column {column} holds {tags!s:.80}, which are no tags of spans, such as B-PER, I-PER and O. "
        "Name the columns of such tags in `tags` (on the command line --reader.tags -1 for the last)."
    )
    C039 = "[C039] {source}: no key 'text'; the keys are {keys!s:.200}. Raw texts stand under 'text': rename the key."
    C040 = (
        "[C040] {source}: {tag!r:.80} is no tag of entities, such as B-PER, I-PER, PER or O.{looks} CoNLL has a word "
        "and its tag on each line, and an empty line after each sentence: write it so, or name the column of the tags "
        "in `tag` (on the command line --reader.tag)."
    )

    C050 = (
        "[C050] {path} holds {value!r:.80}, and no list of objects. Write a JSON list of objects, or one object on "
        "each line (JSON Lines)."
    )
    C051 = "[C051] {path} can't be read as Parquet: {reason}. Write or copy the file again."
    C052 = (
        "[C052] {path} needs pyarrow to be read, which is not installed. Install it with: "
        "pip install 'spacy-bertadapt[parquet]'"
    )
    C053 = (
        "[C053] {source}: {line!r:.80} has no label. Each line of fastText's format begins with one, such as "
        "__label__spam."
    )
    C054 = "[C054] No text {path} beside its annotation. Put it there, under the name of the .ann file."
    C055 = (
        "[C055] {source}: {line!r:.80} is no entity of brat's. Write T1, a tab, its type, start and end with spaces "
        "between them, a tab, and its text."
    )
    C056 = (
        "[C056] {source}: {what!r} is {value!r:.80}. Write a list of the words of a text, none of them empty, and a "
        "list with a tag for each of them."
    )
    C057 = (
        "[C057] {source}: the tag {tag!r:.40} is a number without a name. Name all tags in their order: "
        "--reader.tag_names O,B-PER,I-PER"
    )
    C058 = (
        "[C058] {source}: the entities {first!r:.60} and {second!r:.60} overlap, which `doc.ents` can't hold. "
        "Use --task spancat for such data, or take one of them away."
    )
    C059 = (
        "[C059] Of {count} texts a share of {share} leaves no text in one part. Take another share, as --dev 0.3, "
        "or name a file for evaluation, as --dev FILE."
    )
    E690 = (
        "[E690] The {name} data {what}. Give a path, a frame of pandas or polars, a data set of `datasets`, or a list "
        "of dictionaries, of (text, label) pairs, of Docs or of Examples."
    )
    E691 = "[E691] The {name} data have several splits. Name one of them: data[SPLIT], where SPLIT is {splits}."
    E692 = (
        "[E692] {name} is read by the package datasets, which is not installed. Install it with: pip install datasets"
    )
    E693 = "[E693] {name} can't be loaded: {reason}. Check its name, the split (hf:NAME:SPLIT), and the network."
    E694 = "[E694] {path} is there already, and not empty. Name another `output`, or delete it."
    E695 = "[E695] --adapt {adapt} is no way to adapt an encoder. The ways are: {known}"
    E600 = (
        "[E600] No text has gold for a component with probabilities; the components are {components}. Name data of the "
        "pipeline's task, by --task if they may be for several."
    )
    E601 = "[E601] --method {method} is no way to calibrate. The ways are: {known}"
    E602 = "[E602] {path} is there already, and not empty. Name another folder by -o, or write over it by --force."
    E603 = "[E603] --precision and --thresholds are two ways to find thresholds. Leave out one of them."
    E604 = (
        "[E604] {value} is no calibration: it has scales above 0, as many biases, and thresholds from 0 to 1 by label."
    )
    E605 = (
        "[E605] {name!r} can't have a calibration with {found}: its labels are {labels}, and it has {outputs} outputs, "
        "which have as many scales, or one for all."
    )
    E606 = "[E606] --precision {precision:g} can't be had. Use a number above 0 and below 1, such as 0.95."
    E680 = (
        "[E680] {path}: nothing is recognized as training data.{title} docs/data.md has an example of each format; "
        "name the format by --reader.format, and what is between the fields of a table by --reader.separator."
    )
    E682 = "[E682] --dev {value} is no share of the training data. Give a number above 0 and below 1, or a file."
    E681 = "[E681] {path}: {reason}. Say which it is: {options}"
    C045 = "[C045] The mixed corpus has no corpora. Name a reader for each under `corpora`, as in docs/mixed.md."
    C046 = (
        "[C046] The proportions are those of {names!s:.200}, but the corpora are {known!s:.200}. Give each corpus a "
        "proportion, or set proportions = null to draw each example once."
    )
    C047 = (
        "[C047] The proportion of '{name}' is {value!r:.80}. Give a number above 0, or take the corpus out of the "
        "mixture."
    )
    C048 = (
        "[C048] The corpus '{name}' of the mixed corpus gives no examples. Check its `path` and its limits, or take it "
        "out of the mixture."
    )
    C049 = "[C049] '{name}' is no corpus, but {corpus!r:.80}. Name its reader by `@readers`."
    E590 = (
        "[E590] The server can't have {host}, port {port}: {reason}. Choose another --port, or end the process that "
        "has it."
    )
    E591 = "[E591] The request's body has more than {limit:,} bytes. Send fewer texts a request (--max-body-bytes)."
    E592 = "[E592] The request has {count:,} texts, and may have {limit:,}. Send several requests (--max-texts)."
    E593 = (
        "[E593] Text {number:,} of the request, counted from 0, has {length:,} characters, and may have {limit:,}. "
        "Send it in pieces (--max-text-length)."
    )
    E594 = (
        "[E594] {waiting:,} texts wait already, of {limit:,} that may: there is no room for those of this request. "
        "Send it again later (--max-queue)."
    )
    E595 = "[E595] The answers were not there within {seconds:g} s. Send fewer texts, or send them later (--timeout)."
    E596 = "[E596] The pipeline failed: {reason}. The server's log has more; if it goes on, start the server again."
    E597 = "[E597] The request's body was not there within {seconds:g} s. Send it faster, or in pieces (--timeout)."
    E598 = (
        "[E598] The requests that are read and answered now have {limit:,} bytes together, as many as may be. Send "
        "this one again later (--max-body-bytes)."
    )
    E599 = (
        "[E599] {pipeline} is not a directory: only that of a pipeline can be watched. Leave out --watch, or name it."
    )
    E640 = (
        "[E640] None of the {count} {things} in {source} has gold for a component of the pipeline with a task: "
        "{components}. Give data of its task, or --task for the one that the data is of."
    )
    E641 = (
        "[E641] {second} can't be compared with {first}: its predictions are not of the same kind and on the same "
        "texts as those of '{component}'. Compare pipelines that were trained for the same task and kind of labels."
    )
    E642 = "[E642] There is no log {path}. Give the log.jsonl that the training left (--log), or leave it out."
    E643 = (
        "[E643] {path} is no log of a training: {reason}. Give the log.jsonl that spacy-bertadapt.RecordLogger.v1 "
        "wrote."
    )
    E644 = "[E644] {second} has no component for the task of '{component}' that predicted anything to compare."


class Warnings:
    """Messages by code that inform without stopping."""

    W102 = (
        "[W102] adapt.{setting} has a pattern that no parameter's name contains, and that changes nothing: "
        "'{pattern}'. Names are like '{example}'; `python -m spacy bertadapt show` lists them."
    )
    W103 = (
        "[W103] The temporary file for features is full: {reason}. The encoder runs anew for the texts that are left. "
        "Point TMPDIR at a disk with more room, or set adapt.cache = false."
    )
    W101 = (
        "[W101] The head of '{encoder}' knows the labels {old}; the data has {new}. "
        "The encoder is kept, and a new head is trained."
    )
    W104 = (
        "[W104] An adapter alone can be saved only on an encoder as it was read, and this one has learned since, or a "
        "save took its place. It is saved whole, with the matrices merged into its weights, as by adapt.save = "
        '"merged".'
    )
    W105 = (
        "[W105] The encoder '{name}' lies in a pipeline that this save replaces, or is gone, and an adapter is nothing "
        "without it: the matrices are merged into its weights, and it is saved whole. To save the adapter alone, save "
        "it elsewhere."
    )
    W640 = "[W640] The training is complete, but its report could not be written: {reason}."
    W641 = "[W641] The log beside the pipeline is left out of the report: {reason}"
    W301 = "[W301] {count} of {total} steps had a non-finite loss or gradient and were skipped; the weights are sound."
    W302 = "[W302] The device ran out of memory; going on with at most {budget} subwords at once (max_batch_subwords)."
    W303 = (
        "[W303] {count} of {total} examples have no annotation for '{name}' in {place}, and teach it nothing. "
        "First: {text!r}"
    )
    W304 = "[W304] The labels {labels} are in none of the {total} examples: '{name}' can't learn them."
    W305 = (
        "[W305] {count} gold annotations have labels that the component doesn't know and can't get right: {labels}. "
        "Put examples of them into the training data, or take them out of this data."
    )
    W306 = (
        "[W306] '{name}' learns nothing from the labels {labels} of the data: the labels given to it are {known}. "
        "Add them under [initialize.components.{name}] if they are meant for it."
    )
    W307 = (
        "[W307] {count} of {total} gold entities begin or end inside a token of the pipeline's tokenizer. '{name}' "
        "learns them on the data's own tokens, but can't predict them whole. First: {first}. Look at them with "
        "`python -m spacy bertadapt debug-data`, and change the tokenizer's rules or the annotation."
    )
    W308 = (
        "[W308] The pipeline answers {what} question, though only some have an answer: its qa_f1 says little. That is "
        "usual when training begins, and is not reported again while it lasts. If it stays so, tune "
        "no_answer_threshold (`python -m spacy find-threshold`), or train longer."
    )
    W309 = (
        "[W309] {count} of {total} gold spans are longer than max_span_length = {longest}: '{name}' neither learns nor "
        "predicts them. First: {first}. Raise max_span_length, or name candidates by a `suggester`."
    )
    W310 = (
        "[W310] '{name}' reads pairs of texts and leaves other Docs as they are: another component "
        "reads them. This is reported once. First: {text!r}"
    )
    W311 = (
        "[W311] The pipeline asks its own questions, and not those of the data: {count} Docs have no answers to score. "
        "Score it with questions = [] in the config of the component."
    )
    W320 = (
        "[W320] '{encoder}' learns at a rate of {rate:g} from spaCy's default optimizer: at that, a pretrained encoder "
        "forgets what it knows (2e-5 to 2e-4 is usual). Pass another: "
        'nlp.initialize(..., sgd=spacy.registry.optimizers.get("spacy-bertadapt.AdamW.v1")(5e-5)).'
    )
    W316 = (
        "[W316] {count} of {total} gold spans are not among the candidates of the suggester: '{name}' neither learns "
        "nor predicts them. First: {first}. Let the suggester name them, as by larger `sizes`."
    )
    W360 = (
        "[W360] Every gold number of '{label}' is {number:g}: there is nothing to learn, and no correlation. "
        "Check that it is the right column."
    )
    W361 = (
        "[W361] Gold numbers of '{label}' are as large as {number:g}. A new head starts near 0 and takes many steps to "
        "get there: bring them to about -5 to 5, such as by a division or a logarithm."
    )
    W321 = (
        "[W321] The first text of a pair ({name}) has a [SEP] between blanks: {text!r}. Where a Doc is made of the "
        "pair's text alone, as by spaCy's commands, the first [SEP] is taken for the border. Write it otherwise in "
        "that text, such as (SEP)."
    )
    W350 = (
        "[W350] All vectors of {encoder} are zero: it has not run on these Docs, and what is predicted means nothing. "
        "Enable it, and let it stand before the components that listen to it. This is reported once."
    )
    W370 = (
        "[W370] '{name}' can't hold a pair in its windows, and leaves it as it is: it may be another component's. If "
        "it is meant for '{name}', give its Doc the span groups '{first}' and '{second}', and the error says what to "
        "do. This is reported once. First: {text!r}"
    )
    W402 = (
        "[W402] {path}: of {total} answers {moved} were not at their offset and are taken from the nearest place, and "
        "{widened} are widened to whole tokens."
    )
    W403 = (
        "[W403] {path}: {count} of {total} spans begin or end inside a token, or with white space, and are set to "
        "whole tokens. First: {first}. Correct them, or give the rows `tokens` that they fit."
    )
    W401 = "[W401] {path}: {report}. Complete the rows that are to count; others do no harm where they are."
    W404 = (
        "[W404] {path} has the labels {labels}, as pandas writes values that are missing. They count as labels like "
        "others: leave these fields empty if the rows have none."
    )
    W405 = (
        "[W405] {source}: the first row, {fields!s:.200}, looks like a header, and is read as data. Set header = true "
        "(--reader.header true) if it is one, else header = false."
    )
    W407 = "[W407] {path}: {count} entities are in several pieces, and are left out: a span is one piece of a text."
    W600 = (
        "[W600] {name} learns on: its calibration was of the weights before, and is dropped. Calibrate it anew at the "
        "end: python -m spacy bertadapt calibrate"
    )
    W601 = (
        "[W601] The calibration of '{name}' is not in the checkpoint, as its last layer can't be told from others, or "
        "has no bias. Multiply the logits by {scale} and add {bias} to have the same probabilities."
    )
    W602 = (
        "[W602] The thresholds of '{name}' are not in the checkpoint, which has no place for them. In a pipeline that "
        "it is imported to, set the component's calibration = Calibration(thresholds={thresholds})."
    )
    W690 = (
        "[W690] Stopped after step {step:,}: this is the best pipeline so far. To be able to go on, or to keep what "
        "was made: {remedy}"
    )
    W501 = (
        "[W501] {path} has labels that no training text has: {labels}. They can't be learned and count as mistakes. "
        "Put examples of them into the training data, or take them out of this data."
    )
    W502 = (
        "[W502] {path} has texts, but not a single entity in them: nothing can be learned from it, or scored on it. "
        "Check that it is the right file, and the column of its tags (--reader.tag)."
    )
    W503 = (
        "[W503] {path} has texts, but not a single span in them: nothing can be learned from it, or scored on it. "
        "Check that it is the right file, and for CoNLL the columns of its tags (--reader.tags)."
    )
    W550 = (
        "[W550] The settings {settings} are functions, and no plain values: they are not in {file}, and an import has "
        "the defaults in their place. Set them in the config of the pipeline that the checkpoint is imported to."
    )
    W580 = (
        "[W580] {errors:,} of {rows:,} rows could not be read: the column of errors says why, and no other has values."
    )
    W504 = "[W504] {path} is both training and evaluation data: scores on it say nothing about new texts."
    W505 = (
        "[W505] {others} of the base and {name} write to the same place and have the same scores. Both stay: where "
        "they disagree, one of them has the last word, and these scores are those of both together, or of the last "
        "one. If {name} is to take their place: --without {others}."
    )
    W581 = (
        "[W581] {count} of {workers} workers have not begun in {seconds:.0f} s: of {known} {what} of the Ray cluster, "
        "{free} are free. They begin when others end; fewer workers (--workers) may begin at once."
    )
    W585 = (
        "[W585] {pipeline} can't be loaded again, and the pipeline before it goes on serving: {reason}. Save it anew, "
        "and send SIGHUP."
    )

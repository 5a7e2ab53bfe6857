"""The parts that the readers of all tasks share: lines, tables, rows, tags, CoNLL files, Examples."""

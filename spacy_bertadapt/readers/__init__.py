"""What the readers of all tasks share: lines, tables, rows, tags."""

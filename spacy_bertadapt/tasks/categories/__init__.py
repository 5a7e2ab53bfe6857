"""What the tasks that write `doc.cats` share."""

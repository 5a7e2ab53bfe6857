"""Training parts for any spaCy config: optimizer, schedules, batchers."""

"""Training: optimizer, schedules, batchers, loggers, and the evaluation and comparison of pipelines."""

"""Training from data as they come, without a config of one's own: what `init-config` and `train` do, in one call."""

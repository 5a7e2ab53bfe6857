"""Looking at data, choosing settings, writing configs."""

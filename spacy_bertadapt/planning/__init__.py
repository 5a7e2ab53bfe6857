"""Planning of a training: measures of data, choice of settings, configs."""

"""Files of rows, wherever they are: read batch by batch, and written with predictions, whole or not at all."""

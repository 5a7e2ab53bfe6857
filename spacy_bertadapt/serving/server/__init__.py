"""A pipeline behind HTTP: requests that come at the same time are predicted together."""

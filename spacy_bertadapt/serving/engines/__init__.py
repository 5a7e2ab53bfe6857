"""Where rows are predicted: in this process, in several, or on the machines of a Ray cluster."""

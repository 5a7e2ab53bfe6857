"""Reports on trained pipelines: one HTML file that needs nothing else."""

"""What outlay itself costs in time and memory, against floors measured in the same run."""

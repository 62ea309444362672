"""Models on this machine, in the format GGUF."""

"""Documents of a folder as the tools `search` and `open`."""

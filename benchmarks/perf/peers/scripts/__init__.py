"""One script per peer, run with the Python of the peer's environment as `-m scripts.NAME`.

They import the standard library, `stage` and the peer: outlay is not installed where they run.
"""

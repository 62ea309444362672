"""A small transformer behind the chat interface, run with NumPy."""

"""The suites, each a room of its own."""

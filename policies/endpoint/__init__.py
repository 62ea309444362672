"""A model behind an OpenAI-compatible server: client, wire format, stream, bills, errors."""

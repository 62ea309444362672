"""Gemini in its own format: requests, replies, streams and errors of `generateContent`."""

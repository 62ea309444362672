"""The one door to the outside: model calls, tool calls, and the log that answers them again."""

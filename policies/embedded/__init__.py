"""The policy that ships with the package: a chat-completions app without a network."""

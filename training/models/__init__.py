"""Models of Hugging Face: loading, chatting, sampling."""

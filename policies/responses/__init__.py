"""OpenAI's Responses API: requests out of neutral messages, replies and streams into them."""

"""How the embedded transformer is made: episodes to learn from, and the recipe."""

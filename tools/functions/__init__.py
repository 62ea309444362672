"""Functions as tools: the decorator, their signature, what they return as text."""

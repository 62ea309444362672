"""What experiments say, in numbers, in the terminal, as a page and in a browser."""

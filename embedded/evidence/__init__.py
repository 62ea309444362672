"""What the tables of docs/embedded.md are made by: one command each, run from the checkout."""

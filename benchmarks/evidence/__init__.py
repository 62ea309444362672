"""What the tables of docs/ are made by: one command each, run from the checkout."""

"""Experiments: grids, races, what-ifs, and what was recorded of them."""

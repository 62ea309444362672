"""Planners that check their attempts: reflexion, bats, bavt, cascade."""

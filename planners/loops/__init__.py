"""Planners that go on turn by turn: react, sequential, plan_execute, and auto, which chooses."""

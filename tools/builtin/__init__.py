"""The tools that ship with outlay. Each file is imported when its tool is asked for."""

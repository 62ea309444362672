"""Other frameworks beside outlay: what a turn costs them, and what they do at a cap.

`python -m outlay.benchmarks.perf.peers` (`make peers`). Each peer has an environment of its own,
`.peers/NAME`, made from `requirements/peers/NAME.txt`; its script in `scripts/` imports no outlay.
"""

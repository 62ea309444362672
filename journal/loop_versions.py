"""Versions of the loop by which runs go. A recorded run goes on by the one that it began with.

Each name says what runs of its version and of later ones do. A run's first event has its version.
"""

from __future__ import annotations

OLDEST = 1
"""The version of runs whose first event says nothing of it."""
ENDINGS_READ = 2
"""The loop looks at how replies ended."""
ANSWERS_RANKED = 3
"""What a verifier has rejected comes behind answers of which nothing is said."""
KEPT_ON_DEMAND = 3
"""Money for calls that only some runs make is kept back once it is known that they may come."""
FREE_COUNTED = 3
"""The share of a budget that is left does not count what is kept back."""
PLANS_CAPPED = 3
"""Calls that plan or judge may write so much and no more, so that little is held for them."""
SUCCESSES_TESTED = 3
"""An attempt after an accepted answer is told to test it, and two that agree end the run."""
COMPLETE_PLANS_FIRST = 3
"""Of plans that look equally good, a search opens the one that is nearest to its end."""
ANSWERS_DEMANDED = 3
"""A reply that neither calls nor answers is nudged once, and ends no run as `answered`."""
NEWEST = 3

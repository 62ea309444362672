"""The Game of 24: four numbers, four tools, exact judgement, and a simulated player."""

from .player import Game24Player, PlayerErrorRates
from .scorer import Game24Scorer
from .suite import Game24, game24
from .world import Game24World

__all__ = ["Game24", "Game24Player", "Game24Scorer", "Game24World", "PlayerErrorRates", "game24"]

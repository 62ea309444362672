"""tau-bench: telecom tickets (tau2, solo mode) and retail tickets (v1, ticket mode)."""

from .retail import Retail, RetailWorld, tau_retail
from .telecom import Telecom, TelecomWorld, tau2_telecom

__all__ = ["Retail", "RetailWorld", "Telecom", "TelecomWorld", "tau2_telecom", "tau_retail"]

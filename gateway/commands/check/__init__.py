"""What an operator wants to know before front-ends do: is all there that the settings name, and does it serve?"""

from gateway.commands.check.finding import Finding, Level
from gateway.commands.check.sources import check_sources
from gateway.commands.check.upstream import check_upstream

__all__ = ["Finding", "Level", "check_sources", "check_upstream"]

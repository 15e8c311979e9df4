"""PlanDocket in a box: a stand-in for the REST server, for tests and the demo.

Strict about what the documentation says; what it leaves open is a `Dialect`.
Imports nothing of the gateway, so that the two can disagree and a test sees it.
"""

from gateway.sandbox.app import ALL_SCOPES, SANDBOX_KEY, Sandbox
from gateway.sandbox.dialect import DIALECTS, Dialect
from gateway.sandbox.record import Recorded

__all__ = ["ALL_SCOPES", "DIALECTS", "SANDBOX_KEY", "Dialect", "Recorded", "Sandbox"]

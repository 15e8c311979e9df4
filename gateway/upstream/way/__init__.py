"""How a request gets to PlanDocket, within the hour."""

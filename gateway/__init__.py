"""A GraphQL gateway in front of PlanDocket's REST API."""

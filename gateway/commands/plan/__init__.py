"""What operations would cost PlanDocket, without asking it."""

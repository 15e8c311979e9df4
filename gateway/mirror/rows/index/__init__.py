"""What is held, as lists need it that PlanDocket cannot tell: any filter, any order, search and counts."""

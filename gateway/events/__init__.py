"""Events and trade shows."""

"""Runs servers until a signal ends them."""

"""Persons and companies of the central database."""

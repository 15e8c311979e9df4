"""One contact's participation in one event."""

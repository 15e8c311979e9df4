"""Categories of contacts, in a tree."""

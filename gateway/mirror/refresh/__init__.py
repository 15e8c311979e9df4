"""What is read anew, when, and whether the hour has room for it."""

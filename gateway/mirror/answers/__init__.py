"""How an operation's reads are answered: by what is held, else by the fewest requests."""

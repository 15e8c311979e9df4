"""What is kept of the tenant, and the one way in which an operation's reads are answered."""

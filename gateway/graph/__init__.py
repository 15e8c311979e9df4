"""GraphQL plumbing that all resources share, and nothing of one of them."""

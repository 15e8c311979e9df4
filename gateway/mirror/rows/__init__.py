"""What is held of a tenant: rows, lists, and how old each part is."""

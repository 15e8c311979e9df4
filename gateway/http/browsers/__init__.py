"""What browsers need, and what protects them."""

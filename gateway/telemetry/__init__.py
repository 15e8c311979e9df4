"""What happened, as frozen values, and the log lines and metrics that are made of them."""

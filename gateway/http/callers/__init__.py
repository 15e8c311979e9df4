"""Who sent a request, in each of the ways that `GATEWAY_AUTH` names."""

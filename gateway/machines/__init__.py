"""What several processes share over Redis: one hour of requests, and one mirror."""

"""What operators see of the mirror, and do to it: they ask the gateway that runs, over HTTP."""

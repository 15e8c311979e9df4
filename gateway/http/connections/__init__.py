"""Connections: how many, how large, how long, before anything of a request is understood."""

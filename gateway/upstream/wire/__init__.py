"""Between bytes and rows, tolerant of every dialect that the documentation leaves possible."""

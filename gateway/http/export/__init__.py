"""Lists as files: `/export/participants.csv` and the like."""

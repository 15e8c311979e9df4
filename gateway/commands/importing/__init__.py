"""`gateway import`: writes the rows of a file one by one, and knows of each what came of it, whatever happens."""

"""GraphiQL: the page, its files by npm, and where it finds them."""

"""The way in: the GraphQL endpoint, who calls, pages and health."""

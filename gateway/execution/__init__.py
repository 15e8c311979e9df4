"""From a document's text to an executed operation."""

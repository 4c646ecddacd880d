"""The tab to read the documents in, and to add and remove them."""

"""From a document to an index: read, parse, cut into passages, embed, store.

This room knows documents and indexes. It knows nothing of queries, conversations, language models or pages.
"""

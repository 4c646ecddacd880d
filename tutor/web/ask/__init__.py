"""The tab where one asks: a conversation with checked citations, its passages beside it, and what was asked before."""

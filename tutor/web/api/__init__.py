"""The JSON API below /api/v1: the contracts of the command line, and everything that the page does."""

"""How long users wait, and what the machine spends: `python -m eval speed`. Every ratio is taken within one run."""

"""The tab that shows what has been learnt: coverage, trend, what is due."""

"""One report of every measure: run, gather, show, compare."""

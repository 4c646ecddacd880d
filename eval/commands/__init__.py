"""The commands of `python -m eval`, in groups: one measure, a report of all, running things, learning, documents."""

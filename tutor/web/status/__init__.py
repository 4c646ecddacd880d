"""What runs and how well: the line under the masthead, and the tab."""

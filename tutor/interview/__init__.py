"""Practice: what a full answer contains, and how a candidate's answer is graded against it.

Reads rubrics and embeds clauses; knows nothing of the web page, the command line or the language model.
"""

"""Practice: plan an interview, ask, grade by key points, follow up, report, and remember.

Knows nothing of the web page or the command line. A language model is asked by `choosing` and `rewording` only; no
grade comes from one.
"""

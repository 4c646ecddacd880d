"""From a question and its evidence to a streamed, cited answer, or a refusal.

This room knows prompts, citations and replies. It knows nothing of pages, stores or how a model is served.
"""

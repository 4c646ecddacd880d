"""From a query, and the conversation before it, to ranked questions with evidence passages.

This room reads the index. It knows nothing of language models' servers, prompts, pages or stores.
"""

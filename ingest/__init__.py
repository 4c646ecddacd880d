"""From a document to an index: read, parse, cut into passages, embed, store.

This room knows documents and indexes. It knows nothing of queries, conversations, language models or pages.
"""

import os

# Before numpy is loaded. Its BLAS shares even small products out to every core, and its threads look for more work for
# some 25 ms after each: they take the core from the slow embedder and the language model. A host that has loaded numpy,
# or set this itself, keeps what it has. docs/log.md.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

"""The page: FastAPI with a Gradio UI mounted in it.

Knows how to show what the other rooms return. It decides nothing about answers, rankings or models.
"""

import os

# Gradio decides about telemetry while it is imported, so this comes before any module of the room.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

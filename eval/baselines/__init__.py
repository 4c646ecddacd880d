"""What others would do with the same document, measured on the same rows."""

"""What the product is worth, measured: one module a measure, gold rows, reports. Knows every room; none knows it."""

import ingest  # noqa: F401  before numpy, as in the product

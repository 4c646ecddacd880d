"""The interview tutor: ask one document of questions and answers, with sources that hold."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("interview-tutor")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+source"

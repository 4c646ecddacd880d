"""Load on the application: a stand-in model server that streams at a fixed rate, and users that ask, follow up and browse."""

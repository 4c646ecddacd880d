"""The tab where one practises: a mock interview on the shared session, and its report."""

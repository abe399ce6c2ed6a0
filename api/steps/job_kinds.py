"""What the queue can be asked to do with a paper: the names that stand in the job rows."""

READ = "read"
"""Draw and read its pages, make the searchable PDF."""
SIGN = "sign"
"""The clerk's signature; then it is provisional."""
MAKE_VALID = "make_valid"
"""Look at its ground; the agency's signature."""

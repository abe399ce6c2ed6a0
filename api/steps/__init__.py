"""One journey per module: load, call, save, commit, then send the next id."""

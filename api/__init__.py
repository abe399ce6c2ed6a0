"""api: every way in and out; the only room that tells a whole journey (`steps/`), reads settings and speaks statuses."""

"""api: every way in and out; the only room that tells whole journeys, reads settings and speaks statuses."""

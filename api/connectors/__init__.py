"""What stands outside and is asked by us: one module per service, each behind a port of the room that needs it."""

"""signing: marks, signatures, time stamps, verdicts and seals. The door of the room."""

"""archive: paper copies, the log, and what the rules decide about validity, reuse and retention. The door of the room."""

"""ingest: what came in, read: scans become pages, text, type, fields and a searchable PDF/A. The door of the room."""

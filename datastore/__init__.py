"""datastore: owners, stores, documents, dossiers, prints, diary and jobs, and the encrypted objects. The door of the room."""

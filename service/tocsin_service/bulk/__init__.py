"""``tocsin batch``: files of rows in, files of answers out. Files → chunks of records → workers → parts → the output, in order."""

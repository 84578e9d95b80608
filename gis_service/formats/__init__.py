"""Files as frames: what can be read, and how it is read safely (`reading.read_file`)."""

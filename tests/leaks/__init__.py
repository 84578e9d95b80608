"""The doors by which something hidden could leak, and what tries them."""

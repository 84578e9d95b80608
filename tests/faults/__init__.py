"""The fault plan: what is killed, cut off and filled up, and what must hold afterwards."""

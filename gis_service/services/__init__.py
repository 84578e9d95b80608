"""One function per thing that a user asks for."""

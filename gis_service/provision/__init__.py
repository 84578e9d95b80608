"""
What must be there before the service can run: system packages, the virtual
environment, the browser libraries.

Runs before anything is installed, so it imports the standard library only.
"""

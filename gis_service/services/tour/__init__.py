"""The tour: twelve tasks on the sample network, what they begin with, and what shows them done."""

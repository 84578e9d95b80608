"""What a careful person would look at, and what they would say to do."""

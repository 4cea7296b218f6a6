"""What each family of field types takes on a write."""

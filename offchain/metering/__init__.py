"""What homes use and what their roofs make."""

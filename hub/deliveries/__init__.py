"""What happened is sent to whoever asked for it."""

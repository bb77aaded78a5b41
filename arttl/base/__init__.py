"""What everything else stands on: errors, files written whole, text, names, locks. It imports nothing of arttl."""

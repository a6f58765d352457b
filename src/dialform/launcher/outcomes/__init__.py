"""What became of calls: the API's webhooks, polling, and results row by row."""

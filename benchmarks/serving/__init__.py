"""The HTTP server under load: simulated editors, and what the socket costs."""

"""Where reports go: dumb pipes with reconnect."""

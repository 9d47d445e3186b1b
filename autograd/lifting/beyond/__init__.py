"""What a program becomes elsewhere: a function of JAX."""

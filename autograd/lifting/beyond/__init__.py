"""What a program becomes elsewhere: a function of JAX, a file of source, tasks over the blocks of a dask array."""

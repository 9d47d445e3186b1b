"""The program of one row: Python on floats, in place of NumPy's calls, which take long on few numbers."""

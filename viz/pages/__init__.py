"""The interactive page: its writer, what each step says, and its template."""

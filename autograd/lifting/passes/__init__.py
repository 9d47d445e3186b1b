"""The passes of lifting, each a small file with its textbook name; `pipeline` lists them in order.

On graphs: trace, canonicalize, pack (isomorphic nodes become the rows of a block), reroll_loops.
On statements: fuse_division, materialize_broadcasts, eliminate_dead_code, contract_arrays, allocate_buffers.
"""

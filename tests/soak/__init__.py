"""A long run of informers on the real control plane, with writers and every disturbance that a cluster has.

    make soak MINUTES=60

`docs/design/soak.md` describes it.
"""

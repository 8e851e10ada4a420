"""Where the API server is and who asks: kubeconfig files, the in-cluster environment, credentials.

`Config` is a value that says everything a transport needs; `load_config`, `build_config` and `Config.in_cluster` make
one as client-go would. Nothing here opens a connection; only `credentials` and `exec_plugin` wait for anything, and
they need a running event loop.
"""

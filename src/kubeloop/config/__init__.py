"""Where the API server is and who asks: kubeconfig files, the in-cluster environment, credentials.

`Config` is a value that says everything a transport needs; `load_config`, `build_config` and `in_cluster_config` create
one as client-go would. Nothing here opens a connection. Only `credential_sources` and `exec_plugin` wait for anything,
and only they need a running event loop; they are imported when a transport is opened.
"""

from kubeloop.config.config import Config, Impersonation, Source
from kubeloop.config.exec_config import ExecConfig
from kubeloop.config.in_cluster import in_cluster_config
from kubeloop.config.load import build_config, load_config

__all__ = ["Config", "ExecConfig", "Impersonation", "Source", "build_config", "in_cluster_config", "load_config"]

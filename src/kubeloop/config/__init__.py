"""Configuration: which API server to use and as whom, from kubeconfig files, the in-cluster environment or arguments.

`load_config`, `build_config` and `in_cluster_config` create a `Config` as client-go would; no connection is opened.
Only `credential_sources` and `exec_plugin` need a running event loop; they are imported when a transport is opened.
"""

from kubeloop.config.config import Config, Impersonation
from kubeloop.config.config_source import Source
from kubeloop.config.exec_config import ExecConfig
from kubeloop.config.in_cluster import in_cluster_config
from kubeloop.config.load import build_config, load_config

__all__ = ["Config", "ExecConfig", "Impersonation", "Source", "build_config", "in_cluster_config", "load_config"]

"""Configuration: which API server to use and as whom, from kubeconfig files, the in-cluster environment or arguments.

`load_config`, `build_config` and `in_cluster_config` create a `Config` as client-go would; no connection is opened.
`modify_kubeconfig` changes kubeconfig files. Each module is imported when one of its names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.config.auth_provider import AuthProvider
    from kubeloop.config.config import Config, Impersonation
    from kubeloop.config.config_arguments import add_config_arguments, overrides_of
    from kubeloop.config.config_overrides import ConfigOverrides
    from kubeloop.config.config_source import Source
    from kubeloop.config.exec_config import ExecConfig
    from kubeloop.config.exec_input import ExecInput, load_exec_credential, load_exec_credential_from_env
    from kubeloop.config.exec_policy import ExecPolicy
    from kubeloop.config.in_cluster import in_cluster_config
    from kubeloop.config.kubeconfig_data import KubeconfigData
    from kubeloop.config.kubeconfig_views import flatten, minify, redact
    from kubeloop.config.kubeconfig_writer import modify_kubeconfig, read_kubeconfig
    from kubeloop.config.load import build_config, config_from_bytes, load_config, validate_kubeconfig

__all__ = [
    "AuthProvider",
    "Config",
    "ConfigOverrides",
    "ExecConfig",
    "ExecInput",
    "ExecPolicy",
    "Impersonation",
    "KubeconfigData",
    "Source",
    "add_config_arguments",
    "build_config",
    "config_from_bytes",
    "flatten",
    "in_cluster_config",
    "load_config",
    "load_exec_credential",
    "load_exec_credential_from_env",
    "minify",
    "modify_kubeconfig",
    "overrides_of",
    "read_kubeconfig",
    "redact",
    "validate_kubeconfig",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "auth_provider": "AuthProvider",
            "config": "Config Impersonation",
            "config_arguments": "add_config_arguments overrides_of",
            "config_overrides": "ConfigOverrides",
            "config_source": "Source",
            "exec_config": "ExecConfig",
            "exec_input": "ExecInput load_exec_credential load_exec_credential_from_env",
            "exec_policy": "ExecPolicy",
            "in_cluster": "in_cluster_config",
            "kubeconfig_data": "KubeconfigData",
            "kubeconfig_views": "flatten minify redact",
            "kubeconfig_writer": "modify_kubeconfig read_kubeconfig",
            "load": "build_config config_from_bytes load_config validate_kubeconfig",
        },
    )

"""The version of kubeloop, which the wheel, `kubeloop --version` and the `User-Agent` of requests have."""

__version__ = "0.1.0"

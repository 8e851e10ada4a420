"""The metrics of Kubernetes' component-base, and the program that reads them from its source."""

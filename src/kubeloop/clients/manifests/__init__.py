"""Manifests: load the objects of files and folders, apply them, compare them with the cluster, and delete them.

The functions are methods of `Clientset`, which imports this package when the first of them is called.
"""

"""createPorts: a whole controller. `controller.py` is the program to read; `make demo` runs `demo.py`."""

"""What an informer remembers: objects by key and by index, and what reads them."""

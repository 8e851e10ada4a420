"""Objects as JSON: reading is tolerant, writing is exact. Another encoding would be a room beside this one."""

"""Patches as the API server applies them and as clients compute them, on plain JSON data.

`json_patch`, `merge_patch` and `strategic_merge` apply a patch; `strategic_diff` and `three_way_patch` compute one. No
function changes its arguments; a result may share parts with them.
"""

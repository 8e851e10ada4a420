"""Tables: objects as `kubectl get` prints them, from the columns that the server computes.

`printed_table` contains the values, `table_text` and `tab_writer` print them as kubectl does, `table_reading` reads
responses, `table_verb` is the verb of clients, and `object_tables` finds the rows of objects at hand.

Reference: KEP-555 (server-side Tables); cli-runtime pkg/printers.
"""

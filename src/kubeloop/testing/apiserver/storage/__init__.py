"""The storage of API servers: revisions, history, compaction and a journal, as etcd has them."""

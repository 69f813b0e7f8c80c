"""What the chains' events say, in tables: followed block by block, and asked by the API (docs/concepts/indexer.md)."""

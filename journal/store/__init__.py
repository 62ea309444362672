"""The DuckDB store that is loaded from the journals: views, Parquet, pruning."""

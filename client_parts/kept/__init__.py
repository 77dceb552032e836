"""Small files that outlive a run."""

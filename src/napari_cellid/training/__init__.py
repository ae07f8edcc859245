"""What every training shares: the run folder, checkpoints, the loop."""

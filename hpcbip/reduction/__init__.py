"""From the bins of a campaign to the observables, checks and flags of its points."""

"""The search for the maximum of Tc: its goal, its ledger, and the loop that runs and extends a campaign."""

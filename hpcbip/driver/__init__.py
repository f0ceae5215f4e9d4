"""How a campaign is run: scheduler, stopping rule, master and workers, MPI, deadlines, and the search for a
maximum."""

"""Starting a run: mpirun on a workstation, sbatch on a cluster."""

"""From a campaign to numbers and a figure of one's own, in Python.

    make run                                             # or any campaign; it may still be running
    python docs/tutorials/own_figure.py runs/quickstart

Every number that `hpcbip reduce` prints is a column of one pandas frame, one row per point. X_err is the
error of X, X_tau its autocorrelation time in bins, X_verdict says whether its statistics have converged.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import hpcbip

# 1. Load. The bins are reduced as they are now: binning, autocorrelation times and jackknife are done here.
campaign = hpcbip.load(sys.argv[1])
attributes = campaign.attrs
size = f"{len(campaign)} points, {campaign.shape[1]} columns"
print(f"{attributes['name']}: {size}, hpcbip {attributes['hpcbip']}")

# 2. Print. Parameters first, then observables; what is not known yet is NaN.
columns = ["omega", "lambda", "U", "mass_bipolaron", "mass_bipolaron_err", "radius2", "tc_over_omega"]
print(campaign[columns].to_string(index=False, float_format="%.4g"))

# 3. Choose. A number that should not be believed says why: `flags`; `tc_valid` is their sum for Tc.
for _, point in campaign.iterrows():
    if point["flags"]:
        print(f"omega = {point['omega']:g}, lambda = {point['lambda']:g}: {'; '.join(point['flags'])}")
good = campaign[campaign["tc_valid"] & (campaign["mass_bipolaron_verdict"] == "converged")]
print(f"{len(good)} of {len(campaign)} points are converged and without a flag that speaks against Tc")

# 4. Compute. Plain arithmetic on columns; errors of independent quantities add in quadrature. Where they are
# not independent (mass and size of one pair) take the observable that has gone through the jackknife, as
# tc_over_omega has. Here: m0 = 2 m_e, so that the ratio is 1 for two polarons that do not bind.
enhancement = campaign["mass_bipolaron"] / campaign["mass_polaron"]
relative = np.hypot(
    campaign["mass_bipolaron_err"] / campaign["mass_bipolaron"],
    campaign["mass_polaron_err"] / campaign["mass_polaron"],
)
for (_, point), value, error in zip(campaign.iterrows(), enhancement, enhancement * relative, strict=True):
    where = f"omega = {point['omega']:g}, lambda = {point['lambda']:g}"
    print(f"{where}: m*(pair) / 2 m*(polaron) = {value:.3f} +- {error:.3f}")

# 5. Tc at another density: two columns for a dilute gas, 0.02 pairs per cell.
dilute = hpcbip.load(sys.argv[1], density=0.02)
highest, diluted = campaign["tc_over_omega"].max(), dilute["tc_over_omega"].max()
print(f"highest Tc/omega at touching pairs {highest:.3f}, at 0.02 {diluted:.3f}")

# 6. Draw. `hpcbip report` draws the usual figures; this is one of one's own, hollow where a flag speaks
# against the point.
figure = Figure(figsize=(4.5, 3.2), layout="constrained")
axes = figure.subplots()
for (omega, U), curve in campaign.sort_values("lambda").groupby(["omega", "U"]):
    line = axes.errorbar(
        curve["radius2"],
        curve["mass_bipolaron"],
        yerr=curve["mass_bipolaron_err"],
        xerr=curve["radius2_err"],
        fmt="o",
        capsize=2,
        mfc="none",
        label=f"omega = {omega:g}, U = {U:g}",
    )
    valid = curve[curve["tc_valid"]]
    axes.plot(valid["radius2"], valid["mass_bipolaron"], "o", color=line[0].get_color())
axes.set(xlabel="$R^2$", ylabel="$m^*/m_0$", yscale="log")
axes.legend(fontsize=8, frameon=False)
figure.savefig("mass-against-size.png", dpi=150)
print("written: mass-against-size.png")

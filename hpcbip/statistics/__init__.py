"""Errors of correlated data: arrays in, arrays out."""

from hpcbip.statistics.binning import Binning, binning_analysis, pooled_mean, rebin
from hpcbip.statistics.checks import (
    CheckBins,
    chain_consistency,
    check_bins,
    split_r_hat,
    thermalisation,
    trend,
)
from hpcbip.statistics.fits import (
    LineFit,
    Windows,
    fit_line,
    fit_line_past_transient,
    fit_lines_past_transient,
)
from hpcbip.statistics.gamma import Gamma, autocovariance, gamma_method
from hpcbip.statistics.jackknife import Jackknife, jackknife
from hpcbip.statistics.samples import Samples
from hpcbip.statistics.summary import P_ALARM, UNDERSAMPLED, VERDICTS, WELL_SAMPLED, Summary, summarise
from hpcbip.statistics.two_states import TwoStates, find_two_states

__all__ = [
    "P_ALARM",
    "UNDERSAMPLED",
    "VERDICTS",
    "WELL_SAMPLED",
    "Binning",
    "CheckBins",
    "Gamma",
    "Jackknife",
    "LineFit",
    "Samples",
    "Summary",
    "TwoStates",
    "Windows",
    "autocovariance",
    "binning_analysis",
    "chain_consistency",
    "check_bins",
    "fit_line",
    "fit_line_past_transient",
    "fit_lines_past_transient",
    "find_two_states",
    "gamma_method",
    "jackknife",
    "pooled_mean",
    "rebin",
    "split_r_hat",
    "summarise",
    "thermalisation",
    "trend",
]

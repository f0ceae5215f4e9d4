"""Errors of correlated data: arrays in, arrays out."""

from .binning import Binning, binning_analysis, pooled_mean, rebin
from .checks import CheckBins, chain_consistency, check_bins, split_r_hat, thermalisation, trend
from .fits import LineFit, Windows, fit_line, fit_line_past_transient, fit_lines_past_transient
from .gamma import Gamma, autocovariance, gamma_method
from .jackknife import Jackknife, jackknife
from .samples import Samples
from .summary import VERDICTS, Summary, summarise

__all__ = [
    "VERDICTS",
    "Binning",
    "CheckBins",
    "Gamma",
    "Jackknife",
    "LineFit",
    "Samples",
    "Summary",
    "Windows",
    "autocovariance",
    "binning_analysis",
    "chain_consistency",
    "check_bins",
    "fit_line",
    "fit_line_past_transient",
    "fit_lines_past_transient",
    "gamma_method",
    "jackknife",
    "pooled_mean",
    "rebin",
    "split_r_hat",
    "summarise",
    "thermalisation",
    "trend",
]

"""Chapter 2: lottery tickets, found on one data set and trained on another."""

from arttl.lottery.batchnorm import BatchNorm
from arttl.lottery.lth import HypothesisStudy
from arttl.lottery.opening import SourceSettings
from arttl.lottery.search import SearchStudy
from arttl.lottery.studies import SizeStudy, study_lines
from arttl.lottery.transfers import Line, TicketStudy

__all__ = [
    "BatchNorm",
    "HypothesisStudy",
    "Line",
    "SearchStudy",
    "SizeStudy",
    "SourceSettings",
    "TicketStudy",
    "study_lines",
]

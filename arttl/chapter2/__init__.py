"""Chapter 2: lottery tickets, found on one data set and trained on another."""

from arttl.chapter2.lth import HypothesisStudy
from arttl.chapter2.opening import SourceSettings
from arttl.chapter2.search import SearchStudy
from arttl.chapter2.studies import SizeStudy, study_lines
from arttl.chapter2.ticket_runs import BatchNorm
from arttl.chapter2.transfer import Line, TicketStudy

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

"""Charts as inline SVG: plain functions from values to text; every one has a title, axes, units and a table beside it."""

from dq.report.charts.counts import Bin, Mark, columns, histogram
from dq.report.charts.drawing import STYLE, figure
from dq.report.charts.falls import fall
from dq.report.charts.keys import FoundBy, keys
from dq.report.charts.levels import levels

__all__ = ["STYLE", "Bin", "FoundBy", "Mark", "columns", "fall", "figure", "histogram", "keys", "levels"]

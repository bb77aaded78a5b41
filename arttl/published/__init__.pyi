from arttl.published import appendix as appendix
from arttl.published import chapter1 as chapter1
from arttl.published import chapter2 as chapter2
from arttl.published import curves as curves
from arttl.published import errata as errata

"""The whole thesis before anything is run: every run of both chapters, what it takes, from published counts alone.

The runs are planned by the code that plans the experiments; sizes of data sets are those of Tables 1 and 4; the time of
a step is measured (benchmarks/step_times.py); epochs, which early stopping decides, are assumed.
"""

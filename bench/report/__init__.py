"""The report: goals first, as ratios of one run, then the tables behind them."""

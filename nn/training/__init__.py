"""Training: the loop, its engines, objective and optimizers, stopping rules, checkpoints, scikit-learn's estimators."""

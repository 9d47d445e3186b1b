"""Training.

loop: `train`. engines: the loss of a batch and its gradient.
optimizer, optimizers, schedules: the update of the parameters, and the learning rate.
stopping: the history, and rules that end training.
checkpoint, generators: runs as files. interrupts: Ctrl-C. estimators: networks for scikit-learn.
handout: the training step of Hansen (2022), which is not quite gradient descent.
"""

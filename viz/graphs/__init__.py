"""Computation graphs as pictures.

drawing: `draw`. boxes, groups: what is drawn, and the neuron and layer of each box. dot, legend: DOT statements.
comparison: what differs between two graphs, or from gradients derived by hand.
textbook_network, paths: `network`, the columns of neurons, and the chain rule along the paths back to a weight.
"""

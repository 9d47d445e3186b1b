"""Networks that come from other libraries and files, and that go there.

stack: what is the same for all of them: layers one after another, and what cannot be carried over.
pytorch, scikit_learn, onnx_file, safetensors_file: one library or format each; only they import it.
onnx_activations: the activations in ONNX's operators.
"""

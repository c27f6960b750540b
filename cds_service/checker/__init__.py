"""`/checker`: the pathway tried by hand, for an invented patient, with the call that an EHR would send and its answer.

For surgeries whose system speaks no CDS Hooks, for training, for sign-off and for developers. Everything stands in the
URL; nothing is stored or logged. The answer is the service's own: the room builds the call (`example_call.py`) and is
handed a function that answers it (`answered.py`), so that what it shows cannot differ from what an EHR would get.
"""

"""Coverage-guided fuzzing of every parser of the wire, with atheris.

python -m tests.wire.fuzz tests/wire/corpus -max_total_time=60 -max_len=2000     (pip install
atheris first)

Inputs that reach new code are added to the corpus; `test_corpus.py` runs the whole corpus.
"""

import sys

import atheris

with atheris.instrument_imports(include=["landmarkd.wire"]):
    from tests.wire.fuzz_decoder import one_input

if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

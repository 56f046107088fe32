"""Opening and running models through whichever TFLite runtime works."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from landmarkd.errors import InferenceRuntimeError, ModelError
from landmarkd.vision import interpreter
from landmarkd.vision.quiet import without_chatter
from landmarkd.vision.runtime import Engine, open_engine


@pytest.fixture
def runtimes(monkeypatch: pytest.MonkeyPatch):
    """Pretends that only the given runtimes are installed."""
    real = interpreter.load_runtime

    def install(**modules: object) -> None:
        named = {name.replace("_", "-"): module for name, module in modules.items()}

        def load(distribution: str) -> object:
            module = named.get(distribution, "not installed")
            return real(distribution) if module is True else module

        monkeypatch.setattr(interpreter, "load_runtime", load)

    return install


def compiled_for_numpy_1() -> SimpleNamespace:
    """Like tflite-runtime 2.14 under numpy 2: it imports, but building an interpreter fails."""

    def build(**_: object) -> None:
        raise SystemError(
            "CreateWrapperFromBuffer returned a result with an exception set"
        ) from AttributeError("_ARRAY_API not found")

    resolver = SimpleNamespace(AUTO=0, BUILTIN_WITHOUT_DEFAULT_DELEGATES=3)
    return SimpleNamespace(Interpreter=build, OpResolverType=resolver)


class TestOpening:
    def test_describes_what_the_model_takes_and_gives(self, models: Path):
        engine = open_engine(models / "tiny.tflite")
        (image,), (points,) = engine.inputs, engine.outputs
        assert (image.shape, image.dtype, image.zero_point) == ((1, 8, 8, 3), np.int8, -1)
        assert image.scale == pytest.approx(2 / 255)
        assert (points.shape, points.dtype, points.zero_point) == ((1, 4, 4, 8), np.int8, 3)

    def test_says_what_executes_the_graph(self, models: Path):
        assert open_engine(models / "tiny.tflite").accelerator == "xnnpack"
        assert open_engine(models / "tiny.tflite", xnnpack=False).accelerator == "none"

    def test_names_the_runtime_with_its_version(self, models: Path):
        name, version = open_engine(models / "tiny.tflite").runtime.split()
        assert name in interpreter.RUNTIMES
        assert version[0].isdigit()

    @pytest.mark.parametrize(
        "content", [b"", b"\0", b"TFL3", b"x" * 1000, b"\xff\xff\xff\x7fTFL3" + b"\0" * 100]
    )
    def test_refuses_what_is_no_model(self, tmp_path: Path, content: bytes):
        path = tmp_path / "model.tflite"
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"model\.tflite is (empty|not a TFLite model)"):
            open_engine(path)

    def test_refuses_a_missing_file(self, tmp_path: Path):
        with pytest.raises(ModelError, match="No such file"):
            open_engine(tmp_path / "absent.tflite")

    def test_refuses_an_edge_tpu_model_on_the_processor(self, models: Path):
        with pytest.raises(ModelError, match="compiled for the Edge TPU"):
            open_engine(models / "tiny_edgetpu.tflite")

    def test_the_next_runtime_is_taken_when_the_first_does_not_fit_numpy(
        self, models: Path, runtimes
    ):
        module = interpreter.load_runtime("ai-edge-litert")
        runtimes(ai_edge_litert=compiled_for_numpy_1(), tflite_runtime=module)
        engine = open_engine(models / "tiny.tflite")
        assert engine.runtime.startswith("tflite-runtime")
        engine.invoke()

    def test_a_runtime_that_does_not_fit_numpy_is_named_with_the_remedy(
        self, models: Path, runtimes
    ):
        runtimes(tflite_runtime=compiled_for_numpy_1())
        with pytest.raises(InferenceRuntimeError, match=r"_ARRAY_API not found.*numpy<2"):
            open_engine(models / "tiny.tflite")

    def test_without_any_runtime_the_error_says_what_to_install(self, models: Path, runtimes):
        runtimes()
        with pytest.raises(
            InferenceRuntimeError, match=r"not installed.*pip install ai-edge-litert"
        ):
            open_engine(models / "tiny.tflite")

    def test_a_runtime_whose_binary_is_broken_is_reported_in_words(
        self, tmp_path: Path, monkeypatch
    ):
        package = tmp_path / "tflite_runtime"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "interpreter.py").write_text("raise AttributeError('_ARRAY_API not found')")
        monkeypatch.syspath_prepend(str(tmp_path))
        assert interpreter.load_runtime.__wrapped__("tflite-runtime") == "_ARRAY_API not found"


class TestRunning:
    def test_arrays_never_move_and_may_be_held(self, models: Path):
        engine = open_engine(models / "tiny.tflite")
        image, points = engine.input(), engine.output()
        results = []
        for value in (-100, 100):
            image[:] = value
            engine.invoke()
            results.append(points.copy())
        assert engine.input() is image
        assert engine.output() is points
        assert (results[0] != results[1]).any()

    @pytest.mark.parametrize("xnnpack", [True, False])
    def test_memory_of_the_graph_itself_gives_what_copies_give(self, models: Path, xnnpack: bool):
        content = (models / "tiny.tflite").read_bytes()
        direct = open_engine(content, xnnpack=xnnpack)
        copying = Engine(interpreter.open_interpreter(content, xnnpack=xnnpack), spare=content)
        assert not np.shares_memory(direct.input(), copying.input())
        random = np.random.default_rng(0)
        for _ in range(5):
            picture = random.integers(-128, 128, direct.input().shape, np.int8)
            for engine in (direct, copying):
                engine.input()[...] = picture
                engine.invoke()
            np.testing.assert_array_equal(direct.output(), copying.output())
            np.testing.assert_array_equal(direct.input(), picture)

    def test_arrays_outlive_their_engine(self, models: Path):
        engine = open_engine(models / "tiny.tflite")
        engine.input()[...] = 7
        engine.invoke()
        given, result = engine.input(), engine.output()
        kept = result.copy()
        engine.close()
        del engine
        for _ in range(3):
            open_engine(models / "tiny.tflite").invoke()
        assert (given == 7).all()
        np.testing.assert_array_equal(result, kept)

    def test_computes_the_convolution(self, models: Path):
        engine, plain = (
            open_engine(models / "tiny.tflite"),
            open_engine(models / "tiny.tflite", xnnpack=False),
        )
        draw = np.random.default_rng(3)
        for _ in range(5):
            engine.input()[:] = draw.integers(-128, 128, engine.input().shape)
            plain.input()[:] = engine.input()
            engine.invoke()
            plain.invoke()
            assert np.abs(engine.output().astype(int) - plain.output()).max() <= 1

    def test_a_closed_engine_says_so(self, models: Path):
        with open_engine(models / "tiny.tflite") as engine:
            engine.invoke()
        with pytest.raises(InferenceRuntimeError, match="closed"):
            engine.invoke()

    def test_survives_the_file_being_replaced(self, models: Path, tmp_path: Path):
        path = tmp_path / "model.tflite"
        path.write_bytes((models / "tiny.tflite").read_bytes())
        engine = open_engine(path)
        engine.invoke()
        before = engine.output().copy()
        path.write_bytes(b"")
        engine.invoke()
        np.testing.assert_array_equal(engine.output(), before)


class TestChatter:
    def test_starting_says_nothing_on_standard_error(self, models: Path):
        program = (
            "import sys, pathlib; from landmarkd.vision.runtime import open_engine as o; "
            "o(pathlib.Path(sys.argv[1]))"
        )
        command = [sys.executable, "-c", program, str(models / "tiny.tflite")]
        finished = subprocess.run(command, capture_output=True, check=True)
        assert finished.stderr == b""

    def test_everything_else_is_replayed_in_order(self, capfd: pytest.CaptureFixture[str]):
        with without_chatter():
            os.write(
                2,
                b"WARNING: one\nINFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
                b"ERROR: two\n",
            )
        assert capfd.readouterr().err == "WARNING: one\nERROR: two\n"

    def test_nothing_is_lost_when_the_body_raises(self, capfd: pytest.CaptureFixture[str]):
        def fail() -> None:
            os.write(2, b"ERROR: last words\n")
            raise KeyError

        with pytest.raises(KeyError), without_chatter():
            fail()
        assert capfd.readouterr().err == "ERROR: last words\n"

    def test_what_a_handled_error_said_is_forgotten(self, capfd: pytest.CaptureFixture[str]):
        def fail() -> None:
            os.write(2, b"A module that was compiled using NumPy 1.x ...\n")
            raise ImportError

        with pytest.raises(ImportError), without_chatter(ImportError):
            fail()
        assert capfd.readouterr().err == ""

    def test_works_where_no_folder_can_be_written(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ):
        with monkeypatch.context() as patch:
            patch.setattr("tempfile.tempdir", "/nonexistent")
            with without_chatter():
                os.write(2, b"ERROR: one\n")
        assert capfd.readouterr().err == "ERROR: one\n"

    def test_works_without_a_standard_error(self):
        body = (
            "from landmarkd.vision.quiet import without_chatter as quiet\n"
            "with quiet(): print('ran')"
        )
        program = f"import os; os.close(2)\n{body}"
        finished = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True
        )
        assert finished.stdout == b"ran\n"

"""Scores in Spark: those of the classifier, from Parquet, by several Python workers, with the model distributed the standard ways."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyspark
import pytest
from pyspark.errors import PythonException
from pyspark.sql import DataFrame, Row, SparkSession
from tests.conftest import HARMLESS, QUOTED, ROOT, THREAT

from tocsin_model import Classifier, Result
from tocsin_model.artifact import shipped
from tocsin_service.spark import SCHEMA, score_dataframe, scorer

# PySpark's own remark, made at every call since pandas 3; what is used of pandas here is tested with both.
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

# Python reads this before anything else of a worker's: which process opens a model's weights?
OPENED = """
import os, sys
def audit(event, arguments):
    if event == "open" and str(arguments[0]).endswith("weights.npz"):
        with open(os.environ["TOCSIN_TEST_OPENED"], "a") as log:
            print(os.getpid(), arguments[0], file=log)
sys.addaudithook(audit)
"""

# Small enough that some hundred rows are several partitions of several batches.
CONFIGURATION = {
    "spark.ui.enabled": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # a short life is not worth optimising for
    "spark.sql.files.maxPartitionBytes": "65536",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "40",
    "spark.sql.shuffle.partitions": "2",
}


def java_environment() -> dict[str, str]:
    """JAVA_HOME, where neither it nor the path says which Java to use."""
    if "JAVA_HOME" in os.environ or shutil.which("java"):
        return {}
    found = sorted(Path("/usr/lib/jvm").glob("*17*/bin/java"))
    if not found:
        pytest.skip("Java is not installed")
    return {"JAVA_HOME": str(found[0].parents[1])}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines of process and path, one for each time a Python worker of ``spark`` opened a model's weights."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(OPENED)
    return folder / "opened"


@pytest.fixture(scope="module")
def spark(opened: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in java_environment().items():
            patch.setenv(name, value)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (opened.parent, ROOT / "model", ROOT / "service"))))
        patch.setenv("TOCSIN_TEST_OPENED", str(opened))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master("local[2]")
        for name, value in CONFIGURATION.items():
            builder = builder.config(name, value)
        session = builder.config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse"))).getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


def passages() -> list[str]:
    """Some hundred of every kind that we have, and shapes that we don't."""
    seeds = [path for path in sorted((ROOT / "seeds").glob("*.jsonl")) if not path.name.startswith("heldout")]
    lines = [line for path in seeds for line in path.read_text(encoding="utf-8").splitlines()[::60]]
    odd = [
        "😀 " + QUOTED,
        "a\u200bb\u202e " + THREAT,
        "Ｉ ｗｉｌｌ kíll you",
        "\x00",
        "Ich bringe euch alle um, Freunde.",
        " ".join([THREAT, HARMLESS, QUOTED] * 300),
    ]
    return [json.loads(line)["text"] for line in lines] + odd


def expected(result: Result, digest: str) -> dict[str, object]:
    spans = [
        Row(start=s.start, end=s.end, text=s.text, label=s.label.value, score=s.score, voice=s.voice.value, speaker=s.speaker)
        for s in result.spans
    ]
    labels = {label.value: score for label, score in result.labels.items()}
    own = {"risk": result.risk, "asserted_risk": result.asserted_risk, "band": result.band.value, "spans": spans}
    return {**own, **labels, "language": result.language.code, "model_digest": digest, "error": None}


def scores(row: Row, prefix: str = "") -> dict[str, object]:
    return {name: row[prefix + name] for name in SCHEMA.fieldNames()}


def texts(spark: SparkSession, *values: str | None) -> DataFrame:
    return spark.createDataFrame([(value,) for value in values], "text string").coalesce(1)


def test_scores_on_parquet_are_those_of_the_classifier_and_other_columns_stay(
    spark: SparkSession, classifier: Classifier, tmp_path: Path
) -> None:
    given = [(index, text, {"n": [index, None]}, None if index % 3 else Decimal("1.500")) for index, text in enumerate(passages())]
    frame = spark.createDataFrame(given, "id long, text string, tags map<string, array<int>>, weight decimal(9, 3)")
    frame.repartition(6).write.parquet(str(tmp_path / "in"))
    stored = spark.read.parquet(str(tmp_path / "in"))
    assert stored.rdd.getNumPartitions() > 2
    score_dataframe(stored, "text").write.parquet(str(tmp_path / "out"))
    out = spark.read.parquet(str(tmp_path / "out"))
    assert out.columns == [*stored.columns, *SCHEMA.fieldNames()]
    assert out.schema[len(stored.columns) :] == SCHEMA[:]
    assert out.select(stored.columns).schema == stored.schema
    rows = sorted(out.collect())
    assert [row[:4] for row in rows] == [row[:] for row in sorted(stored.collect())]
    results = classifier.score([row.text for row in rows])
    assert [scores(row) for row in rows] == [expected(result, classifier.info.digest) for result in results]
    assert len(rows) == len(given) > 400
    assert sum(len(row.spans) for row in rows) > 100
    assert {span.voice for row in rows for span in row.spans} == {"author", "quoted", "reported"}


def test_schema() -> None:
    """What the issue and docs/spark.md promise."""
    span = "struct<start:int,end:int,text:string,label:string,score:double,voice:string,speaker:string>"
    numbers = "threat:double,incitement:double,glorification:double"
    assert SCHEMA.simpleString() == (
        f"struct<risk:double,asserted_risk:double,band:string,{numbers},spans:array<{span}>,language:string,model_digest:string,error:string>"
    )


UNSCORABLE = [
    ("CAST(NULL AS STRING)", "text must be a string, not null."),
    ("''", "text is empty; send at least one character that is not white space."),
    ("' \\n\\u2003'", "text is empty; send at least one character that is not white space."),
    ("repeat('é', 101)", "text has 101 characters; the limit is 100. Cut it into pages."),
    ("CAST(X'4869FF' AS STRING)", "text is not UTF-8: byte 2 can't be decoded. Encode it as UTF-8."),
]


def test_a_row_that_cannot_be_scored_says_why_and_fails_nothing(spark: SparkSession) -> None:
    good = ["'I will kill you.'", "repeat('é', 100)"]
    values = ", ".join(f"({index}, {text})" for index, text in enumerate([text for text, _ in UNSCORABLE] + good))
    frame = spark.sql(f"SELECT * FROM VALUES {values} AS rows(id, text)").coalesce(1)
    rows = score_dataframe(frame, "text", max_text_chars=100).orderBy("id").collect()
    nothing = dict.fromkeys(SCHEMA.fieldNames())
    assert [scores(row) for row in rows[: len(UNSCORABLE)]] == [nothing | {"error": why} for _, why in UNSCORABLE]
    assert [(row.error, row.band, row.spans == []) for row in rows[len(UNSCORABLE) :]] == [(None, "high", False), (None, "low", True)]


def test_only_bad_rows(spark: SparkSession) -> None:
    """A batch in which nothing is scored, and none at all."""
    assert [row.error is None for row in score_dataframe(texts(spark, None, ""), "text").collect()] == [False, False]
    assert score_dataframe(texts(spark, THREAT).where("false"), "text").collect() == []


def test_the_passage_may_be_binary_or_inside_a_struct(spark: SparkSession, classifier: Classifier) -> None:
    frame = texts(spark, QUOTED).selectExpr("named_struct('body', text) AS post", "CAST(text AS BINARY) AS raw")
    [want] = classifier.score([QUOTED])
    for column in ("post.body", "raw"):
        [row] = score_dataframe(frame, column, prefix="tocsin_").collect()
        assert scores(row, "tocsin_") == expected(want, classifier.info.digest)


def test_the_udf_serves_sql(spark: SparkSession, classifier: Classifier) -> None:
    spark.udf.register("tocsin", scorer())
    texts(spark, THREAT, None).createOrReplaceTempView("posts")
    first, second = spark.sql("SELECT tocsin(text) AS scored FROM posts").collect()
    [want] = classifier.score([THREAT])
    assert scores(first.scored) == expected(want, classifier.info.digest)
    assert second.scored.error == "text must be a string, not null."


def test_a_filter_on_a_score_does_not_score_twice(spark: SparkSession) -> None:
    plan = score_dataframe(texts(spark, THREAT), "text").where("risk > 0.5").select("text", "risk", "spans")
    assert plan._jdf.queryExecution().executedPlan().toString().count("ArrowEvalPython") == 1


def test_a_stream_is_scored(spark: SparkSession, tmp_path: Path) -> None:
    texts(spark, THREAT, HARMLESS).write.json(str(tmp_path / "in"))
    source = spark.readStream.schema("text string").json(str(tmp_path / "in"))
    sink = score_dataframe(source, "text").writeStream.format("parquet").option("checkpointLocation", str(tmp_path / "state"))
    assert sink.trigger(availableNow=True).start(str(tmp_path / "out")).awaitTermination(60)
    assert {row.text: row.band for row in spark.read.parquet(str(tmp_path / "out")).collect()} == {THREAT: "high", HARMLESS: "low"}


@pytest.mark.parametrize(
    ("column", "names", "error", "message"),
    [
        ("id", {}, TypeError, "column id is bigint; the passage must be a string"),
        ("text", {"id": "Risk"}, ValueError, "already has risk; name Tocsin's columns apart"),
        ("body", {}, Exception, "`?body`? cannot be resolved"),
    ],
)
def test_a_data_frame_that_does_not_fit_is_refused_at_once(
    spark: SparkSession, column: str, names: dict[str, str], error: type[Exception], message: str
) -> None:
    frame = texts(spark, THREAT).selectExpr("1L AS id", "text").withColumnsRenamed(names)
    with pytest.raises(error, match=message):
        score_dataframe(frame, column)


def zipped(path: Path, folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in shipped().iterdir():
            archive.write(file, folder + file.name)
    return path


def test_a_distributed_model_is_found_by_its_name(spark: SparkSession, classifier: Classifier, tmp_path: Path) -> None:
    """As ``--files``, ``--archives`` and ``SparkContext.addFile`` leave it with the executors."""
    shutil.copytree(shipped(), tmp_path / "model-as-folder")
    spark.sparkContext.addFile(str(tmp_path / "model-as-folder"), recursive=True)
    spark.sparkContext.addFile(str(zipped(tmp_path / "model-as-file.zip")))
    spark.sparkContext.addArchive(str(zipped(tmp_path / "archive.zip", "inside/")) + "#model-as-archive")
    zipped(tmp_path / "not-distributed.zip", "inside/")
    for model in ("model-as-folder", "model-as-file.zip", "model-as-archive/inside", str(tmp_path / "not-distributed.zip"), str(shipped())):
        [row] = score_dataframe(texts(spark, QUOTED), "text", model=model).collect()
        assert row.model_digest == classifier.info.digest, model


def test_a_missing_model_ends_the_job_and_is_named(spark: SparkSession) -> None:
    with pytest.raises(PythonException, match="ArtifactMissing: the executor has no model 'elsewhere'"):
        score_dataframe(texts(spark, THREAT), "text", model="elsewhere").collect()


def test_a_worker_loads_the_model_once(spark: SparkSession, opened: Path, tmp_path: Path) -> None:
    """Over partitions, batches and jobs."""
    model = tmp_path / "model"
    shutil.copytree(shipped(), model)
    frame = spark.createDataFrame([(THREAT,)] * 600, "text string").repartition(6)
    for _ in range(2):
        assert score_dataframe(frame, "text", model=str(model)).where("risk > 0.5").count() == 600
    workers = [line.split()[0] for line in opened.read_text().splitlines() if str(model) in line]
    assert 1 <= len(workers) == len(set(workers)) <= 2
    assert str(os.getpid()) not in workers


SCRIPT = """
import json, sys
from pathlib import Path
from pyspark.sql import SparkSession
import tocsin_service
from tocsin_service.spark import score_dataframe

def place(_):
    import tocsin_service
    return [tocsin_service.__file__]

spark = SparkSession.builder.getOrCreate()
frame = spark.createDataFrame([(index, text) for index, text in enumerate(json.loads(sys.argv[2]))], "id int, text string").repartition(4)
answers = {name: sorted(score_dataframe(frame, "text", model=model).select("id", "risk", "model_digest").collect())
           for name, model in (("in the wheel", None), ("in the archive", "tocsin-model"))}
places = [tocsin_service.__file__, *frame.rdd.mapPartitions(place).distinct().collect()]
Path(sys.argv[1]).write_text(json.dumps({"places": places, **answers}))
spark.stop()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, because setuptools leaves folders where it builds."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("model", "service", "training"):
        shutil.copytree(ROOT / name, source / name, symlinks=True)
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", out, source], check=True, capture_output=True)
    [built] = out.iterdir()
    return built


def test_spark_submit_takes_the_wheel_and_the_artifact(wheel: Path, classifier: Classifier, tmp_path: Path) -> None:
    """The wheel under a name ending in .zip, as Spark takes no other; the model once from inside it, once from ``--archives``."""
    (tmp_path / "job.py").write_text(SCRIPT)
    shutil.copy(wheel, tmp_path / "tocsin.zip")
    home = Path(pyspark.__file__).parent
    options = [
        "--master",
        "local[2]",
        "--conf",
        "spark.ui.enabled=false",
        "--driver-java-options",
        "-XX:TieredStopAtLevel=1",
        "--py-files",
        "tocsin.zip",
    ]
    archives = ["--archives", f"{zipped(tmp_path / 'model.zip')}#tocsin-model"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | java_environment()
    environment |= {"SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    given = [THREAT, QUOTED, HARMLESS]
    command = [home / "bin" / "spark-submit", *options, *archives, "job.py", "answers.json", json.dumps(given)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert len(answers["places"]) > 1
    assert all("tocsin.zip" in place for place in answers["places"])
    want = [[index, result.risk, classifier.info.digest] for index, result in enumerate(classifier.score(given))]
    assert answers["in the wheel"] == answers["in the archive"] == want


@pytest.mark.parametrize("missing", ["pyspark", "pandas", "pyarrow"])
def test_without_the_extra_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delitem(sys.modules, "tocsin_service.spark")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"can't import {missing}: .* pip install 'tocsin\[spark\]'"):
        importlib.import_module("tocsin_service.spark")

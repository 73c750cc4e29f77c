"""The bell: two RQ queues that wake the workers. What has to be done stands in the database, never in a job.

In: `ring("decide")` after a commit.  Out: one call of `service.jobs.decide` or `.deliver` in a worker process.
Losing every key in Redis loses nothing: the sweep rings for whatever is due and unclaimed.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import Final, Literal, get_args
from uuid import uuid4

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from service import log

QueueName = Literal["decide", "deliver"]
QUEUES: Final[tuple[QueueName, ...]] = get_args(QueueName)
# Whoever can write to Redis could otherwise name any function of the interpreter.
JOBS: Final[dict[str, str]] = {name: f"service.jobs.{name}" for name in QUEUES}

JOB_SECONDS: Final = 300
"""A job that runs longer is interrupted; a job with more to do rings again and returns well before this."""
FLAG_SECONDS: Final = 10
"""A wake flag outlives a lost bell by at most this long."""
REST_SECONDS: Final = 2.0
"""After Redis failed to answer, callers do not wait for it again for this long."""
GATHER_SECONDS: Final = 0.005
"""`ring_soon` asks Redis at most once in this long."""
WORKER_SECONDS: Final = 45
"""How often an idle worker reports; what is not heard of for this long plus a minute is gone."""

logger = log.get("queue")
_stopping = threading.Event()


class Bells:
    """Rings the two queues of one Redis, and looks at them. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_connect_timeout=0.5, socket_timeout=1.0, retry=Retry(NoBackoff(), 1)
        )
        self._queues = {
            name: Queue(name, connection=self._redis, serializer=JSONSerializer) for name in QUEUES
        }
        self._silent_until = 0.0
        self._wanted: dict[QueueName, str] = {}
        self._wanting = threading.Condition()
        self._ringer: threading.Thread | None = None

    def ring_soon(self, queue: QueueName, request_id: str = "") -> None:
        """Rings from a thread of its own, within milliseconds: for callers that answer thousands a second.

        Many calls become one; a Redis that hangs costs the caller nothing.
        """
        with self._wanting:
            self._wanted[queue] = request_id
            if self._ringer is None:
                self._ringer = threading.Thread(target=self._ring_wanted, name="ringer", daemon=True)
                self._ringer.start()
            self._wanting.notify()

    def ring(self, queue: QueueName, request_id: str = "") -> bool:
        """Wakes one worker of `queue`, unless one is already called. Never raises and never waits long.

        request_id: goes along for the logs.  False when Redis did not answer: the sweep will ring again.
        """
        if time.monotonic() < self._silent_until:
            return False
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.set(_flag(queue), "1", nx=True, ex=FLAG_SECONDS)
                pipeline.llen(self._queues[queue].key)
                was_silent, waiting = pipeline.execute()
            if was_silent and not waiting:
                self._enqueue(queue, request_id)
        except redis.RedisError as error:
            self._rest(error)
            return False
        if self._silent_until:
            self._silent_until = 0.0
            logger.info("Redis answers again")
        return True

    def rouse(self, queue: QueueName) -> None:
        """Wakes one worker of `queue` even where a flag says that one is called already. Never raises."""
        try:
            self._redis.delete(_flag(queue))
            if not self._redis.llen(self._queues[queue].key):
                self._enqueue(queue, "")
        except redis.RedisError as error:
            self._rest(error)

    def clear_wake(self, queue: QueueName) -> None:
        """Called by a job before it looks for work, so that whatever is committed later rings anew. Never raises."""
        try:
            self._redis.delete(_flag(queue))
        except redis.RedisError as error:
            # The flag expires by itself; the work about to be done does not depend on it.
            self._rest(error)

    def ping(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def workers(self) -> dict[QueueName, int]:
        """How many live workers each queue has; raises `ConnectionError` when Redis does not answer."""
        try:
            return {name: len(SimpleWorker.all(queue=queue)) for name, queue in self._queues.items()}
        except redis.RedisError as error:
            raise ConnectionError(log.redact(str(error))) from None

    def close(self) -> None:
        """Give the connections back."""
        self._redis.close()

    def _ring_wanted(self) -> None:
        while True:
            with self._wanting:
                self._wanting.wait_for(lambda: self._wanted)
                wanted, self._wanted = self._wanted, {}
            for queue, request_id in wanted.items():
                self.ring(queue, request_id)
            # What is asked for meanwhile goes out together.
            time.sleep(GATHER_SECONDS)

    def _enqueue(self, queue: QueueName, request_id: str) -> None:
        self._queues[queue].enqueue(
            JOBS[queue],
            request_id,
            job_id=f"bell-{uuid4().hex}",
            job_timeout=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=86_400,
            description=JOBS[queue],
        )

    def _rest(self, error: redis.RedisError) -> None:
        if not self._silent_until:
            logger.warning("Redis does not answer; the sweep will ring instead", error=str(error))
        self._silent_until = time.monotonic() + REST_SECONDS


class BellWorker(SimpleWorker):
    """An RQ worker that runs one queue's one job in its own process, without a fork for each."""

    max_connection_wait_time = 5.0

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Runs the job, if it is the one this queue is for; anything else is dropped with a log line."""
        if job.func_name == JOBS.get(queue.name):
            super().execute_job(job, queue)
            return
        logger.error("refused a job that nobody of ours enqueued", queue=queue.name, function=job.func_name)
        queue.intermediate_queue.remove(job.id)
        job.delete()

    def handle_warm_shutdown_request(self) -> None:
        """Lets a running job see that it should come to an end."""
        _stopping.set()

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call] # RQ's own
        # Asked to stop between our handler and RQ's: the loop looks at this before its first job.
        self._stop_requested = _stopping.is_set()

    def set_shutdown_requested_date(self) -> None:
        """Nothing: the signal may interrupt a transaction, and a call to a lost Redis would raise inside it."""


def stopping() -> bool:
    """Whether this worker process was asked to stop: a job finishes what it has claimed and claims no more."""
    return _stopping.is_set()


def work(url: str, queue: QueueName) -> None:
    """Runs jobs of one queue until SIGTERM or SIGINT; waits for Redis when it is away, however long.

    One queue a process: RQ pops safely only then.
    """
    pause = 0.5
    while not _stopping.is_set():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _stopping.set())
        started = time.monotonic()
        _call_oneself(url, queue)
        try:
            _worker(url, queue).work(logging_level="WARNING")
        except redis.RedisError as error:
            logger.warning("waiting for Redis", queue=queue, error=str(error))
        pause = 0.5 if time.monotonic() - started > 60 else min(pause * 2, 5.0)
        _stopping.wait(pause)


def _call_oneself(url: str, queue: QueueName) -> None:
    """Rings for the worker that begins: a bell that a killed process took with it would be missed until the sweep."""
    bells = Bells(url)
    bells.rouse(queue)
    bells.close()


def _worker(url: str, queue: QueueName) -> BellWorker:
    connection = redis.Redis.from_url(
        url, socket_connect_timeout=2.0, retry=Retry(ExponentialBackoff(cap=1.0, base=0.1), 3)
    )
    return BellWorker(
        [queue],
        name=f"{queue}-{uuid4().hex}",
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_SECONDS,
        maintenance_interval=60,
        default_result_ttl=0,
        log_job_description=False,
    )


def _flag(queue: QueueName) -> str:
    return f"accord:wake:{queue}"

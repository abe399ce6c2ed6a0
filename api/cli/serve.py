"""`khoso serve`."""

from typing import Annotated

import typer

from api.cli.app import app
from api.cli.place import in_service, settings
from api.logs import log
from api.memory import settle_memory
from common import say


@app.command("serve")
def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="Địa chỉ; mặc định theo cấu hình. / Address to listen at.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Cổng. / Port; 0: any free one.")
    ] = None,
    worker: Annotated[
        bool,
        typer.Option(
            "--worker/--no-worker", help="Chạy kèm tiến trình xử lý. / Run a worker process beside it."
        ),
    ] = True,
) -> None:
    """Chạy API (và làm các việc đang chờ). / Serves the API, and works off the queue beside it.

    Ví dụ / Examples: `khoso serve` · `khoso serve --host 0.0.0.0 --port 8080 --no-worker`
    """
    from contextlib import ExitStack

    from api.connectors.bounded_http import is_loopback
    from api.http import make_app  # late: no other command waits for the web to load
    from api.http.serving import bound, serve_until_told, server, worker_beside

    here = settings()
    at = host or here.web_host
    with in_service("web") as opened, ExitStack() as beside:
        listening = bound(at, here.web_port if port is None else port)
        beside.enter_context(listening)
        web = server(make_app(opened, development_sign_in=is_loopback(at)), proxies=here.trusted_proxies)
        if worker and here.broker is None:  # else workers of their own are woken
            beside.enter_context(worker_beside(opened.steps))
        port = listening.getsockname()[1]
        log.info("serving", where=f"{at}:{port}")
        opened.steps.say(str(say("serving", host=at, port=port)))
        settle_memory()
        serve_until_told(web, listening)

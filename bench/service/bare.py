"""What the service is measured against: the bare framework answering one primary-key query, and nothing else.

Two ways of asking, as the framework offers them: a handler in its pool of threads with SQLAlchemy's core, and an
asynchronous one with psycopg's own connections. The faster one counts.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
from fastapi import FastAPI
from sqlalchemy import create_engine, text

_CONNECTIONS = 8


def _app() -> FastAPI:
    url = os.environ["BENCH_DATABASE_URL"]
    engine = create_engine(url, pool_size=_CONNECTIONS)
    idle: asyncio.Queue[psycopg.AsyncConnection[tuple[str]]] = asyncio.Queue()

    @asynccontextmanager
    async def connections(_app: FastAPI) -> AsyncIterator[None]:
        for _ in range(_CONNECTIONS):
            connection = await psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), autocommit=True)
            await idle.put(connection)
        yield
        while not idle.empty():
            await idle.get_nowait().close()

    app = FastAPI(lifespan=connections)
    query = text("SELECT status FROM documents WHERE id = :id")

    @app.get("/sync/{id}")
    def in_a_thread(id: UUID) -> dict[str, str]:
        with engine.connect() as connection:
            return {"status": connection.execute(query, {"id": id}).scalar_one()}

    @app.get("/async/{id}")
    async def on_the_loop(id: UUID) -> dict[str, str]:
        connection = await idle.get()
        try:
            cursor = await connection.execute("SELECT status FROM documents WHERE id = %s", (id,))
            row = await cursor.fetchone()
        finally:
            idle.put_nowait(connection)
        assert row is not None
        return {"status": row[0]}

    return app


app = _app()

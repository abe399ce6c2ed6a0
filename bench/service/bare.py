"""What the service is measured against: the bare framework answering one primary-key query, and nothing else.

Three ways of asking: a handler in the framework's pool of threads with SQLAlchemy's core; an asynchronous one with
psycopg's pool of connections, each look in a transaction, as the anchors were measured and as the service is held to;
and an asynchronous one whose connections nobody checks and no transaction surrounds: the limit of the machine.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import create_engine, text

_CONNECTIONS = 8


def _app() -> FastAPI:
    url = os.environ["BENCH_DATABASE_URL"]
    engine = create_engine(url, pool_size=_CONNECTIONS)
    plain = url.replace("+psycopg", "")
    pool = AsyncConnectionPool(plain, min_size=_CONNECTIONS, max_size=_CONNECTIONS, open=False)
    idle: asyncio.Queue[psycopg.AsyncConnection[tuple[str]]] = asyncio.Queue()

    @asynccontextmanager
    async def connections(_app: FastAPI) -> AsyncIterator[None]:
        for _ in range(_CONNECTIONS):
            connection = await psycopg.AsyncConnection.connect(plain, autocommit=True)
            await idle.put(connection)
        async with pool:
            yield
        while not idle.empty():
            await idle.get_nowait().close()

    app = FastAPI(lifespan=connections)
    query = text("SELECT status FROM documents WHERE id = :id")
    raw = "SELECT status FROM documents WHERE id = %s"

    @app.get("/sync/{id}")
    def in_a_thread(id: UUID) -> dict[str, str]:
        with engine.connect() as connection:
            return {"status": connection.execute(query, {"id": id}).scalar_one()}

    @app.get("/pool/{id}")
    async def from_the_pool(id: UUID) -> dict[str, str]:
        async with pool.connection() as connection:
            return await status_of(connection, id)

    @app.get("/async/{id}")
    async def unchecked(id: UUID) -> dict[str, str]:
        connection = await idle.get()
        try:
            return await status_of(connection, id)
        finally:
            idle.put_nowait(connection)

    async def status_of(connection: psycopg.AsyncConnection[tuple[str]], id: UUID) -> dict[str, str]:
        row = await (await connection.execute(raw, (id,))).fetchone()
        assert row is not None
        return {"status": row[0]}

    return app


app = _app()

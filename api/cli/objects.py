"""The object server: `objects setup`."""

import typer

from api.cli.app import app
from api.cli.place import settings
from api.object_store import root_place, service_place
from common import KhosoError, say
from datastore import set_up_server

objects_app = typer.Typer(no_args_is_help=True, help="Máy chủ đối tượng. / The server that keeps objects.")
app.add_typer(objects_app, name="objects")


class NoObjectServer(KhosoError):
    """Objects lie in a folder here: there is no server to set up."""

    code = "no_object_server"


@objects_app.command("setup")
def setup() -> None:
    """Tạo bucket, khóa và quyền tối thiểu trên MinIO. / Makes buckets, key and least rights on a MinIO server.

    Cần khóa gốc: KHOSO_S3_ROOT_…_KEY_FILE. Chạy lại không thay đổi gì. / Needs the root key; twice changes nothing.

    Ví dụ / Example: `khoso objects setup`
    """
    here = settings()
    if here.s3_endpoint is None:
        raise NoObjectServer
    service = service_place(here)
    set_up_server(
        root_place(here), here.s3_bucket, access_key=service.access_key, secret_key=service.secret_key
    )
    print(say("object_server_ready", bucket=here.s3_bucket))

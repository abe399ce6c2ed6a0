"""The types of papers: what `type` may be in a request, and what stands on a paper of each."""

import hashlib
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from api.http.etags import IfNoneMatch, matches
from api.http.identity import Who
from api.http.parts import TheHouse
from api.http.shapes import Day, problems
from ingest import Alias, DocumentType, Owners, field_names

router = APIRouter(tags=["documents"])
_PURPOSE = "document types"
_EXAMPLE: JsonDict = {
    "code": "KQ.G15.000031",
    "local": "KHAI_SINH",
    "national": "KQ.G15.000031",
    "codes": [
        {"code": "KHAI_SINH", "since": None, "until": None},
        {"code": "KQ.G15.000031", "since": None, "until": None},
    ],
    "name": "Giấy khai sinh",
    "name_en": "Birth certificate",
    "owners": "one",
    "result": True,
    "official": False,
    "sensitive": True,
    "still_issued": True,
    "fields": ["number", "date", "full_name", "birth_date", "personal_id"],
}


class CodeOfType(BaseModel):
    """A code of the type, in use from `since` (null: always) until before `until` (null: still)."""

    code: str
    since: date | None
    until: date | None

    @classmethod
    def of(cls, alias: Alias) -> "CodeOfType":
        return cls(code=alias.code, since=alias.since, until=alias.until)


class DocumentTypeView(BaseModel):
    """A type of papers: `code` is the one shown on the day, and any of `codes` is taken for it.

    `result`: of an administrative procedure. `official`: with the head of Decree 30/2020. `fields` are the names of
    what a data record of it may have.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    code: str
    local: str
    national: str | None
    codes: list[CodeOfType]
    name: str
    name_en: str
    owners: Owners
    result: bool
    official: bool
    sensitive: bool
    still_issued: bool
    fields: list[str]

    @classmethod
    def of(cls, one: DocumentType) -> "DocumentTypeView":
        return cls(
            code=one.code,
            local=one.local,
            national=one.national,
            codes=[CodeOfType.of(alias) for alias in one.aliases],
            name=one.name,
            name_en=one.name_en,
            owners=one.owners,
            result=one.is_result_of_procedure,
            official=one.official,
            sensitive=one.sensitive,
            still_issued=one.still_issued,
            fields=list(field_names(one)),
        )


class DocumentTypes(BaseModel):
    """Every type that is known, as it is on one day."""

    on: date
    types: list[DocumentTypeView]


@router.get(
    "/document-types",
    operation_id="list_document_types",
    response_model=DocumentTypes,
    responses={304: {"description": "As it is known."}, **problems()},
)
def list_document_types(
    house: TheHouse,
    who: Who,
    on: Annotated[Day | None, Query(description="As they are on this day; today by default.")] = None,
    known: IfNoneMatch = None,
) -> Response:
    """The types of papers as the agency of whoever asks knows them on a day. They are few, and come at once."""
    day = on or house.today
    with house.datastore.begin(who.actor(_PURPOSE), "list_document_types") as work:
        types = house.catalogue_of(work, day)
    body = DocumentTypes(on=day, types=[DocumentTypeView.of(one) for one in types]).model_dump_json()
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    if matches(known, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})

"""The rows of the four configuration files, one model each.

A field is a column. A field without a default must be in the file's header, though its cells may be blank
where the type is optional; a field with a default may be left out of the header.
"""

from datetime import date

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from cds_service.directory.columns import (
    BodyRegion,
    CellError,
    CodeSystem,
    Date,
    Identifier,
    Kind,
    Modality,
    OdsCode,
    OptionalDate,
    OptionalIdentifier,
    OptionalOdsCode,
    OptionalPhone,
    OptionalText,
    OptionalUrl,
    RegionId,
    Setting,
    SubIcb,
    Text,
    YesUnlessNo,
)

# A column too many is told as a warning by the table reader, so the models let it pass.
_ROW = ConfigDict(frozen=True, extra="ignore")


class OrganisationRow(BaseModel):
    """A row of `organisations.csv`."""

    model_config = _ROW

    ods_code: OdsCode
    name: Text
    setting: Setting
    sub_icb: SubIcb
    borough: OptionalText
    pcn: OptionalOdsCode


class RegisterRow(BaseModel):
    """A row of `fcp-register.csv`."""

    model_config = _ROW

    identifier_system: CodeSystem
    identifier_value: Identifier
    organisation: OdsCode
    valid_from: Date
    valid_to: OptionalDate
    spine: YesUnlessNo = True
    assured_by: OptionalText = None
    assured_on: OptionalDate = None

    @field_validator("valid_to")
    @classmethod
    def _ends_after_it_begins(cls, valid_to: date | None, info: ValidationInfo) -> date | None:
        valid_from = info.data.get("valid_from")
        if valid_to is not None and valid_from is not None and valid_to < valid_from:
            raise CellError(
                f"is before valid_from {valid_from}",
                "Write the last day of the listing, or leave the cell blank while it is open",
            )
        return valid_to


class DestinationRow(BaseModel):
    """A row of `destinations.csv`."""

    model_config = _ROW

    region: RegionId
    borough: OptionalText
    kind: Kind
    name: Text
    ods_code: OptionalOdsCode
    phone: OptionalPhone
    url: OptionalUrl
    ers_service_id: OptionalIdentifier = None
    wait: OptionalText = None
    as_of: OptionalDate = None
    verified_by: OptionalText = None
    verified_on: OptionalDate = None


class ProcedureRow(BaseModel):
    """A row of `procedures.csv`."""

    model_config = _ROW

    system: CodeSystem
    code: Identifier
    modality: Modality
    body_region: BodyRegion
    display: Text

"""Every command of `cds-service pathways`: each module adds its own to the group as it is read."""

from cds_service.commands.export import export
from cds_service.commands.pathways import pathways
from cds_service.commands.pathways_diff import diff
from cds_service.commands.pathways_explain import explain
from cds_service.commands.pathways_suspend import suspend

__all__ = ["diff", "explain", "export", "pathways", "suspend"]

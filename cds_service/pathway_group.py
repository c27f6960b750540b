"""Every command of `cds-service pathways`: each module adds its own to the group as it is read."""

from cds_service.exchange_commands import export
from cds_service.pathway_commands import pathways
from cds_service.pathway_diff_command import diff
from cds_service.pathway_explain_command import explain
from cds_service.pathway_suspend_command import suspend

__all__ = ["diff", "explain", "export", "pathways", "suspend"]

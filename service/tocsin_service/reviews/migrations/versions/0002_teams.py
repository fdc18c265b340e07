"""An index of what was escalated, by team: the few of a team are found among all."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make it."""
    some = sa.text("team IS NOT NULL")
    op.create_index("ix_items_team", "items", ["team"], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_items_team", "items")

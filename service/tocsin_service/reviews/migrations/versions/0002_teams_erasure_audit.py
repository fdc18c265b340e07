"""What was escalated is found by team; what was erased undecided is not decided; who took a decision back; no event is replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# INSERT OR REPLACE deletes without asking the trigger that keeps events from being deleted.
_NEW = (
    "CREATE TRIGGER audit_is_new BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = new.id)"
    " BEGIN SELECT RAISE(ABORT, 'the audit log can only grow'); END"
)


def upgrade() -> None:
    """Change it."""
    some = sa.text("team IS NOT NULL")
    op.create_index("ix_items_team", "items", ["team"], sqlite_where=some, postgresql_where=some)
    op.add_column("decisions", sa.Column("overruled", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE items SET status = 'erased' WHERE erased IS NOT NULL AND outcome IS NULL")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_NEW)


def downgrade() -> None:
    """Change it back."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_is_new")
    op.execute("UPDATE items SET status = 'decided' WHERE status = 'erased'")
    op.drop_column("decisions", "overruled")
    op.drop_index("ix_items_team", "items")

"""The review queue: its tables, the search over passages, and an audit log that can only grow."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# The search takes the first 100,000 characters: PostgreSQL's index takes no more than a megabyte of a passage.
SQLITE = (
    "CREATE VIRTUAL TABLE items_search USING fts5(text, content='items', content_rowid='id', tokenize='unicode61 remove_diacritics 2')",
    "CREATE TRIGGER items_search_insert AFTER INSERT ON items BEGIN INSERT INTO items_search(rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER items_search_delete AFTER DELETE ON items BEGIN"
    " INSERT INTO items_search(items_search, rowid, text) VALUES ('delete', old.id, old.text); END",
    "CREATE TRIGGER items_search_update AFTER UPDATE OF text ON items BEGIN"
    " INSERT INTO items_search(items_search, rowid, text) VALUES ('delete', old.id, old.text);"
    " INSERT INTO items_search(rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log can only grow'); END",
    "CREATE TRIGGER audit_is_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log can only grow'); END",
)
POSTGRESQL = (
    "ALTER TABLE items ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', left(coalesce(text, ''), 100000))) STORED",
    "CREATE INDEX ix_items_search ON items USING gin (search)",
    "CREATE FUNCTION tocsin_audit_is_fixed() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'the audit log can only grow'; END $$",
    "CREATE TRIGGER audit_is_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION tocsin_audit_is_fixed()",
)


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "attempts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_what_at", "attempts", ["what", "at"])

    op.create_table(
        "audit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("item_id", KEY, nullable=True),
        sa.Column("detail", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_item_id", "audit", ["item_id"])

    op.create_table(
        "policies",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    op.create_table(
        "users",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("care", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
        sa.UniqueConstraint("subject", name="uq_users_subject"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "items",
        sa.Column("id", KEY, nullable=False),
        sa.Column("ref", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("author", sa.String(length=200), nullable=True),
        sa.Column("community", sa.String(length=200), nullable=True),
        sa.Column("link", sa.String(length=2000), nullable=True),
        sa.Column("written", sa.Double(), nullable=True),
        sa.Column("context", JSON, nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("received", sa.Double(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.Column("risk", sa.Double(), nullable=False),
        sa.Column("asserted_risk", sa.Double(), nullable=False),
        sa.Column("threat", sa.Double(), nullable=False),
        sa.Column("incitement", sa.Double(), nullable=False),
        sa.Column("glorification", sa.Double(), nullable=False),
        sa.Column("band", sa.String(length=10), nullable=False),
        sa.Column("label", sa.String(length=15), nullable=False),
        sa.Column("voice", sa.String(length=10), nullable=False),
        sa.Column("result", JSON, nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("why", JSON, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("team", sa.String(length=40), nullable=True),
        sa.Column("imminent", sa.Boolean(), nullable=False),
        sa.Column("decided", sa.Double(), nullable=True),
        sa.Column("claimed_by", KEY, nullable=True),
        sa.Column("claimed_until", sa.Double(), nullable=True),
        sa.Column("erased", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["claimed_by"], ["users.id"], name="fk_items_claimed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.UniqueConstraint("ref", name="uq_items_ref"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_items_author_received", "items", ["author", "received"])
    op.create_index("ix_items_claimed_by", "items", ["claimed_by"])
    op.create_index("ix_items_community_status_due", "items", ["community", "status", "due"])
    op.create_index("ix_items_decided", "items", ["decided"])
    op.create_index("ix_items_facets", "items", ["status", "band", "label", "voice", "community", "received"])
    op.create_index("ix_items_received", "items", ["received"])
    op.create_index("ix_items_queue", "items", ["status", "due", "id", "band", "label", "voice", "community", "received"])

    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("seen", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_ins_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
    )
    op.create_index("ix_sign_ins_user_id", "sign_ins", ["user_id"])

    op.create_table(
        "score_days",
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("score", sa.String(length=15), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bin", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", "score", "day", "bin", name="pk_score_days"),
    )
    op.create_table(
        "views",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_views_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_views"),
        sa.UniqueConstraint("user_id", "name", name="uq_views_user_id_name"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("imminent", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("labels", JSON, nullable=False),
        sa.Column("spans", JSON, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("undone", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_decisions_item_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_decisions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.create_index("ix_decisions_item_id_user_id", "decisions", ["item_id", "user_id"])
    op.create_index("ix_decisions_user_id_at", "decisions", ["user_id", "at"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Remove everything, with all that is in it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE items_search")
    for table in ("decisions", "views", "score_days", "sign_ins", "items", "users", "secrets", "policies", "audit", "attempts"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION tocsin_audit_is_fixed")

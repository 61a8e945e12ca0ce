"""The first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from lantian.model.column import UtcTime

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the store one version forward."""
    op.create_table(
        "audit_event",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_digest", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_event_digest")),
    )
    op.create_table(
        "deletion",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("records", NUMBER, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("file_removed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
        sa.UniqueConstraint("file", name=op.f("uq_deletion_file")),
        sa.UniqueConstraint("replaced_by", name=op.f("uq_deletion_replaced_by")),
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", NUMBER, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", UtcTime(), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_table(
        "received_bundle",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_bundle")),
        sa.UniqueConstraint("digest", name=op.f("uq_received_bundle_digest")),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("principal", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.String(length=80), nullable=False),
        sa.Column("status", NUMBER, nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency_record")),
    )
    with op.batch_alter_table("idempotency_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_idempotency_record_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "installation",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("clock_at", UtcTime(), nullable=True),
        sa.Column("clock_offset_seconds", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "sealed_day",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("day", sa.String(length=40), nullable=False),
        sa.Column("leaves", NUMBER, nullable=False),
        sa.Column("root", sa.String(length=80), nullable=False),
        sa.Column("previous_digest", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("sealed_at", UtcTime(), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sealed_day")),
        sa.UniqueConstraint("day", name=op.f("uq_sealed_day_day")),
        sa.UniqueConstraint("digest", name=op.f("uq_sealed_day_digest")),
    )
    op.create_table(
        "sealed_leaf",
        sa.Column("day_number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("position", NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", NUMBER, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("sm3", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("day_number", "position", name=op.f("pk_sealed_leaf")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_sealed_leaf_kind_subject_id")),
    )
    op.create_table(
        "time_stamp",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("day_number", NUMBER, nullable=False),
        sa.Column("authority", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.Column("reply_digest", sa.String(length=80), nullable=False),
        sa.Column("roots", sa.Text(), nullable=False),
        sa.Column("stamped_at", UtcTime(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["day_number"], ["sealed_day.number"], name=op.f("fk_time_stamp_day_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_stamp")),
        sa.UniqueConstraint(
            "day_number", "authority", name=op.f("uq_time_stamp_day_number_authority")
        ),
    )
    op.create_table(
        "job",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("priority", NUMBER, nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due", UtcTime(), nullable=False),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("token", NUMBER, nullable=False),
        sa.Column("tries", NUMBER, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_lane"), ["lane"], unique=False)
        batch_op.create_index("ix_job_state_due", ["state", "due", "id"], unique=False)

    op.create_table(
        "platform",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform")),
        sa.UniqueConstraint("name", name=op.f("uq_platform_name")),
    )
    op.create_table(
        "user",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("locale", sa.String(length=40), nullable=True),
        sa.Column("shortcuts", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("name", name=op.f("uq_user_name")),
    )
    op.create_table(
        "text_form",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("group_digest", sa.String(length=80), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_form")),
        sa.UniqueConstraint("digest", name=op.f("uq_text_form_digest")),
    )
    with op.batch_alter_table("text_form", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_text_form_group_digest"), ["group_digest"], unique=False
        )

    op.create_table(
        "text_band",
        sa.Column("band", NUMBER, autoincrement=False, nullable=False),
        sa.Column("form_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["text_form.id"], name=op.f("fk_text_band_form_id")),
        sa.PrimaryKeyConstraint("band", "form_id", name=op.f("pk_text_band")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "api_key",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("secret_digest", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("platform_id", NUMBER, nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("last_used_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_api_key_platform_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_id", name=op.f("uq_api_key_key_id")),
    )
    op.create_table(
        "login_link",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("secret_digest", sa.String(length=80), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_login_link_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_link")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_login_link_secret_digest")),
    )
    with op.batch_alter_table("login_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_link_user_id"), ["user_id"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("platform_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.Column("acknowledge_by", UtcTime(), nullable=True),
        sa.Column("acknowledged_at", UtcTime(), nullable=True),
        sa.Column("act_by", UtcTime(), nullable=True),
        sa.Column("answered_at", UtcTime(), nullable=True),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_digest", sa.String(length=80), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_notice_platform_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notice_platform_id_updated_at", ["platform_id", "updated_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_notice_state"), ["state"], unique=False)

    op.create_table(
        "platform_host",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("platform_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_platform_host_platform_id")
        ),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_platform_host")),
    )
    with op.batch_alter_table("platform_host", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_platform_host_platform_id"), ["platform_id"], unique=False
        )

    op.create_table(
        "rule_pack",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("proposed_by", NUMBER, nullable=True),
        sa.Column("proposed_at", UtcTime(), nullable=True),
        sa.Column("release", NUMBER, nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["user.id"], name=op.f("fk_rule_pack_proposed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_pack")),
        sa.UniqueConstraint("hash", name=op.f("uq_rule_pack_hash")),
        sa.UniqueConstraint("release", name=op.f("uq_rule_pack_release")),
    )
    with op.batch_alter_table("rule_pack", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rule_pack_state"), ["state"], unique=False)

    op.create_table(
        "seller",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("platform_id", NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("forgotten_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_seller_platform_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller")),
        sa.UniqueConstraint("platform_id", "key", name=op.f("uq_seller_platform_id_key")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("begins_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("stopped_at", UtcTime(), nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
    )
    op.create_table(
        "host",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=True),
        sa.Column("rest_until", UtcTime(), nullable=True),
        sa.Column("holders", sa.JSON(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("allotments", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_host")),
    )
    op.create_table(
        "source",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("start_urls", sa.JSON(), nullable=False),
        sa.Column("platform_id", NUMBER, nullable=False),
        sa.Column("schedule", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("last_crawl_at", UtcTime(), nullable=True),
        sa.Column("round_began_at", UtcTime(), nullable=True),
        sa.Column("campaign_id", NUMBER, nullable=True),
        sa.Column("part_of_id", NUMBER, nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_source_campaign_id")
        ),
        sa.ForeignKeyConstraint(["part_of_id"], ["source.id"], name=op.f("fk_source_part_of_id")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_source_platform_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_source_part_of_id"), ["part_of_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_source_platform_id"), ["platform_id"], unique=False)

    op.create_table(
        "source_day",
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("pages", NUMBER, nullable=False),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_day_source_id")),
        sa.PrimaryKeyConstraint("source_id", "day", name=op.f("pk_source_day")),
    )

    op.create_table(
        "user_session",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id_digest", sa.String(length=80), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("csrf_secret", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("id_digest", name=op.f("uq_user_session_id_digest")),
    )
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "crawl",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("spider", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("job_key", sa.Text(), nullable=False),
        sa.Column("token", NUMBER, nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("planned", NUMBER, nullable=False),
        sa.Column("seen", NUMBER, nullable=False),
        sa.Column("unchanged", NUMBER, nullable=False),
        sa.Column("gone", NUMBER, nullable=False),
        sa.Column("blocked", NUMBER, nullable=False),
        sa.Column("logged_out", NUMBER, nullable=False),
        sa.Column("failed", NUMBER, nullable=False),
        sa.Column("unreached", NUMBER, nullable=False),
        sa.Column("left_out", NUMBER, nullable=False),
        sa.Column("rested", NUMBER, nullable=False),
        sa.Column("noise", NUMBER, nullable=False),
        sa.Column("documents", NUMBER, nullable=False),
        sa.Column("expected", NUMBER, nullable=False),
        sa.Column("broken", NUMBER, nullable=False),
        sa.Column("unreadable", NUMBER, nullable=False),
        sa.Column("hits", NUMBER, nullable=False),
        sa.Column("browser_pages", NUMBER, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("alarms", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_crawl_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl")),
    )
    with op.batch_alter_table("crawl", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_crawl_source_id"), ["source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_crawl_state"), ["state"], unique=False)

    op.create_table(
        "notice_event",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("notice_id", NUMBER, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_event_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_event")),
        sa.UniqueConstraint("notice_id", "seq", name=op.f("uq_notice_event_notice_id_seq")),
    )
    op.create_table(
        "page",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_visit_at", UtcTime(), nullable=False),
        sa.Column("last_outcome", sa.String(length=40), nullable=False),
        sa.Column("last_capture_id", NUMBER, nullable=True),
        sa.Column("content_digest", sa.String(length=80), nullable=True),
        sa.Column("matter_digest", sa.String(length=80), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("depth", NUMBER, nullable=False),
        sa.Column("looked_at", UtcTime(), nullable=True),
        sa.Column("looks", sa.JSON(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_page_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint("source_id", "url", name=op.f("uq_page_source_id_url")),
    )
    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.create_index("ix_page_source_id_due_at", ["source_id", "due_at"], unique=False)

    op.create_table(
        "permission",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", NUMBER, nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_permission_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permission")),
        sa.UniqueConstraint(
            "source_id", "host", "port", name=op.f("uq_permission_source_id_host_port")
        ),
    )
    op.create_table(
        "rule_pack_file",
        sa.Column("pack_id", NUMBER, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["rule_pack.id"], name=op.f("fk_rule_pack_file_pack_id")
        ),
        sa.PrimaryKeyConstraint("pack_id", "place", name=op.f("pk_rule_pack_file")),
    )
    op.create_table(
        "capture",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("crawl_id", NUMBER, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("final_url", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("via", sa.String(length=40), nullable=False),
        sa.Column("status", NUMBER, nullable=False),
        sa.Column("remote_ip", sa.Text(), nullable=True),
        sa.Column("payload_digest", sa.String(length=80), nullable=False),
        sa.Column("content_digest", sa.String(length=80), nullable=False),
        sa.Column("reader_version", sa.Text(), nullable=False),
        sa.Column("profile_version", sa.Text(), nullable=False),
        sa.Column("tool_version", sa.Text(), nullable=False),
        sa.Column("hit_count", NUMBER, nullable=False),
        sa.Column("hits_stood", sa.Boolean(), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawl.id"], name=op.f("fk_capture_crawl_id")),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_capture_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture")),
    )
    with op.batch_alter_table("capture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_capture_crawl_id"), ["crawl_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_capture_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_capture_page_id"), ["page_id"], unique=False)

    op.create_table(
        "frontier_row",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("crawl_id", NUMBER, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("depth", NUMBER, nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawl.id"], name=op.f("fk_frontier_row_crawl_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frontier_row")),
        sa.UniqueConstraint(
            "crawl_id", "fingerprint", name=op.f("uq_frontier_row_crawl_id_fingerprint")
        ),
    )
    with op.batch_alter_table("frontier_row", schema=None) as batch_op:
        batch_op.create_index("ix_frontier_row_crawl_id_state", ["crawl_id", "state"], unique=False)

    op.create_table(
        "artifact",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("capture_id", NUMBER, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("offset", NUMBER, nullable=False),
        sa.Column("length", NUMBER, nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("record_digest", sa.String(length=80), nullable=False),
        sa.Column("deletion_id", NUMBER, nullable=True),
        sa.Column("deleted_at", UtcTime(), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["capture.id"], name=op.f("fk_artifact_capture_id")
        ),
        sa.ForeignKeyConstraint(
            ["deletion_id"], ["deletion.id"], name=op.f("fk_artifact_deletion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact")),
    )
    with op.batch_alter_table("artifact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_capture_id"), ["capture_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_artifact_deletion_id"), ["deletion_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_artifact_digest"), ["digest"], unique=False)
        batch_op.create_index("ix_artifact_file_offset", ["file", "offset"], unique=False)

    op.create_table(
        "document",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("platform_id", NUMBER, nullable=False),
        sa.Column("posting_key", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("capture_id", NUMBER, nullable=False),
        sa.Column("seller_id", NUMBER, nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_digest", sa.String(length=80), nullable=False),
        sa.Column("matter_digest", sa.String(length=80), nullable=True),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("posted_at", UtcTime(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("reader_version", sa.Text(), nullable=False),
        sa.Column("profile_version", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("last_crawl_id", NUMBER, nullable=False),
        sa.Column("missed_crawls", NUMBER, nullable=False),
        sa.Column("presence", sa.String(length=40), nullable=False),
        sa.Column("forgotten_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["capture.id"], name=op.f("fk_document_capture_id")
        ),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_document_page_id")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_document_platform_id")
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_document_seller_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_document_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint(
            "platform_id",
            "posting_key",
            "version",
            name=op.f("uq_document_platform_id_posting_key_version"),
        ),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_capture_id"), ["capture_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_page_id"), ["page_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_seller_id"), ["seller_id"], unique=False)
        batch_op.create_index(
            "ix_document_source_id_current", ["source_id", "current"], unique=False
        )

    op.create_table(
        "picture",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("width", NUMBER, nullable=False),
        sa.Column("height", NUMBER, nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture")),
        sa.UniqueConstraint("digest", name=op.f("uq_picture_digest")),
    )
    op.create_table(
        "picture_place",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("picture_id", NUMBER, nullable=True),
        sa.Column("capture_id", NUMBER, nullable=True),
        sa.Column("start", NUMBER, nullable=True),
        sa.Column("end", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["capture.id"], name=op.f("fk_picture_place_capture_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_picture_place_document_id")
        ),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_picture_place_page_id")),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["picture.id"], name=op.f("fk_picture_place_picture_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture_place")),
        sa.UniqueConstraint(
            "document_id", "number", name=op.f("uq_picture_place_document_id_number")
        ),
    )
    with op.batch_alter_table("picture_place", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_picture_place_capture_id"), ["capture_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_picture_place_page_id"), ["page_id"], unique=False)

    op.create_table(
        "posting_event",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("platform_id", NUMBER, nullable=False),
        sa.Column("posting_key", sa.Text(), nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("crawl_id", NUMBER, nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawl.id"], name=op.f("fk_posting_event_crawl_id")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_posting_event_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_posting_event_platform_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting_event")),
    )
    with op.batch_alter_table("posting_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posting_event_crawl_id"), ["crawl_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_posting_event_document_id"), ["document_id"], unique=False
        )
        batch_op.create_index(
            "ix_posting_event_platform_id_posting_key",
            ["platform_id", "posting_key"],
            unique=False,
        )

    op.create_table(
        "observation",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("crawl_id", NUMBER, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("status", NUMBER, nullable=True),
        sa.Column("capture_id", NUMBER, nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["capture.id"], name=op.f("fk_observation_capture_id")
        ),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawl.id"], name=op.f("fk_observation_crawl_id")),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_observation_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
    )
    with op.batch_alter_table("observation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_observation_crawl_id"), ["crawl_id"], unique=False)
        batch_op.create_index("ix_observation_page_id_at", ["page_id", "at"], unique=False)

    op.create_table(
        "clue",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("platform_id", NUMBER, nullable=False),
        sa.Column("posting_key", sa.Text(), nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("form_id", NUMBER, nullable=True),
        sa.Column("seller_id", NUMBER, nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("presence", sa.String(length=40), nullable=False),
        sa.Column("severity", NUMBER, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("pack_hash", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("reopened_at", UtcTime(), nullable=True),
        sa.Column("decided_at", UtcTime(), nullable=True),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("tokens", sa.JSON(), nullable=False),
        sa.Column("tokens_version", sa.Text(), nullable=False),
        sa.Column("lease_user_id", NUMBER, nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_clue_document_id")),
        sa.ForeignKeyConstraint(["form_id"], ["text_form.id"], name=op.f("fk_clue_form_id")),
        sa.ForeignKeyConstraint(["lease_user_id"], ["user.id"], name=op.f("fk_clue_lease_user_id")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_clue_platform_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_clue_seller_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_clue_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clue")),
        sa.UniqueConstraint(
            "platform_id", "posting_key", name=op.f("uq_clue_platform_id_posting_key")
        ),
    )
    with op.batch_alter_table("clue", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clue_document_id"), ["document_id"], unique=False)
        batch_op.create_index("ix_clue_seller_id_id", ["seller_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_clue_source_id"), ["source_id"], unique=False)
        batch_op.create_index(
            "ix_clue_state_severity_first_seen_at",
            ["state", "severity", "first_seen_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_clue_form_id_platform_id", ["form_id", "platform_id"], unique=False
        )

    op.create_table(
        "hit",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("claim", sa.String(length=40), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_hash", sa.String(length=80), nullable=False),
        sa.Column("pack_hash", sa.String(length=80), nullable=False),
        sa.Column("start", NUMBER, nullable=False),
        sa.Column("end", NUMBER, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("severity", NUMBER, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("law", sa.JSON(), nullable=False),
        sa.Column("found_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_hit_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hit")),
        sa.UniqueConstraint(
            "document_id",
            "rule_id",
            "rule_hash",
            "pack_hash",
            "start",
            "end",
            name=op.f("uq_hit_document_id_rule_id_rule_hash_pack_hash_start_end"),
        ),
    )
    with op.batch_alter_table("hit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hit_claim"), ["claim"], unique=False)

    op.create_table(
        "shadow_hit",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pack_id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("claim", sa.String(length=40), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("start", NUMBER, nullable=False),
        sa.Column("end", NUMBER, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_shadow_hit_document_id")
        ),
        sa.ForeignKeyConstraint(["pack_id"], ["rule_pack.id"], name=op.f("fk_shadow_hit_pack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_hit")),
    )
    with op.batch_alter_table("shadow_hit", schema=None) as batch_op:
        batch_op.create_index(
            "ix_shadow_hit_pack_id_document_id", ["pack_id", "document_id"], unique=False
        )

    op.create_table(
        "shadow_look",
        sa.Column("pack_id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("live_hash", sa.String(length=80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_shadow_look_document_id")
        ),
        sa.ForeignKeyConstraint(["pack_id"], ["rule_pack.id"], name=op.f("fk_shadow_look_pack_id")),
        sa.PrimaryKeyConstraint("pack_id", "document_id", name=op.f("pk_shadow_look")),
    )
    with op.batch_alter_table("shadow_look", schema=None) as batch_op:
        batch_op.create_index("ix_shadow_look_pack_id_day", ["pack_id", "day"], unique=False)

    op.create_table(
        "second_opinion",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("removed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_opinion")),
    )

    op.create_table(
        "second_look",
        sa.Column("document_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("opinion_id", NUMBER, nullable=False),
        sa.Column("clue", sa.Float(), nullable=True),
        sa.Column("missed", sa.Float(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("verdict", sa.String(length=40), nullable=True),
        sa.Column("judged_by", NUMBER, nullable=True),
        sa.Column("judged_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_second_look_document_id")
        ),
        sa.ForeignKeyConstraint(["judged_by"], ["user.id"], name=op.f("fk_second_look_judged_by")),
        sa.ForeignKeyConstraint(
            ["opinion_id"], ["second_opinion.id"], name=op.f("fk_second_look_opinion_id")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_second_look")),
    )
    with op.batch_alter_table("second_look", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_second_look_missed"), ["missed"], unique=False)
        batch_op.create_index(batch_op.f("ix_second_look_opinion_id"), ["opinion_id"])

    op.create_table(
        "clue_claim",
        sa.Column("clue_id", NUMBER, nullable=False),
        sa.Column("claim", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("severity", NUMBER, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("hit_count", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"], name=op.f("fk_clue_claim_clue_id")),
        sa.PrimaryKeyConstraint("clue_id", "claim", name=op.f("pk_clue_claim")),
    )
    with op.batch_alter_table("clue_claim", schema=None) as batch_op:
        batch_op.create_index("ix_clue_claim_claim_state", ["claim", "state"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("clue_id", NUMBER, nullable=False),
        sa.Column("claim", sa.String(length=40), nullable=True),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("pack_hash", sa.Text(), nullable=False),
        sa.Column("covered", sa.JSON(), nullable=False),
        sa.Column("previous", sa.JSON(), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("undone_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"], name=op.f("fk_decision_clue_id")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_decision_document_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_decision_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_batch"), ["batch"], unique=False)
        batch_op.create_index("ix_decision_clue_id_at", ["clue_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_user_id"), ["user_id"], unique=False)

    op.create_table(
        "notice_item",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("notice_id", NUMBER, nullable=False),
        sa.Column("clue_id", NUMBER, nullable=False),
        sa.Column("decision_id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("pack_hash", sa.String(length=80), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=True),
        sa.Column("action_reason", sa.Text(), nullable=False),
        sa.Column("action_at", UtcTime(), nullable=True),
        sa.Column("check_result", sa.String(length=40), nullable=True),
        sa.Column("checked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"], name=op.f("fk_notice_item_clue_id")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_notice_item_decision_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_notice_item_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_item_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_item")),
        sa.UniqueConstraint("notice_id", "clue_id", name=op.f("uq_notice_item_notice_id_clue_id")),
    )
    with op.batch_alter_table("notice_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_item_clue_id"), ["clue_id"], unique=False)

    op.create_table(
        "recheck",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("item_id", NUMBER, nullable=False),
        sa.Column("series", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.Column("result", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("observation_id", NUMBER, nullable=True),
        sa.Column("capture_id", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["capture.id"], name=op.f("fk_recheck_capture_id")),
        sa.ForeignKeyConstraint(["item_id"], ["notice_item.id"], name=op.f("fk_recheck_item_id")),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observation.id"], name=op.f("fk_recheck_observation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recheck")),
        sa.UniqueConstraint(
            "item_id", "series", "number", name=op.f("uq_recheck_item_id_series_number")
        ),
    )
    with op.batch_alter_table("recheck", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recheck_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_recheck_item_id"), ["item_id"], unique=False)

    _handed_in()
    _manners()


def _manners() -> None:
    op.create_table(
        "robots_exception",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_at", UtcTime(), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_robots_exception_source_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_robots_exception")),
    )
    with op.batch_alter_table("robots_exception", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_robots_exception_source_id"), ["source_id"])

    op.create_table(
        "host_day",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("requests", NUMBER, nullable=False),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.Column("refused", NUMBER, nullable=False),
        sa.Column("longest_pause", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("host", "day", name=op.f("pk_host_day")),
    )
    op.create_table(
        "person_task",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=False),
        sa.Column("times", NUMBER, nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("capture_id", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["capture.id"], name=op.f("fk_person_task_capture_id")
        ),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_person_task_page_id")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_person_task_source_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_task")),
        sa.UniqueConstraint("page_id", name=op.f("uq_person_task_page_id")),
    )
    with op.batch_alter_table("person_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_task_source_id"), ["source_id"])
        batch_op.create_index(batch_op.f("ix_person_task_state"), ["state"])


def _handed_in() -> None:
    op.create_table(
        "handover",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("handed_by", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("job_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("taken", NUMBER, nullable=False),
        sa.Column("requested", NUMBER, nullable=False),
        sa.Column("known", NUMBER, nullable=False),
        sa.Column("faulty", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sa.UniqueConstraint("job_key", name=op.f("uq_handover_job_key")),
    )
    with op.batch_alter_table("handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handover_collection"), ["collection"], unique=False)

    op.create_table(
        "handed_row",
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("handover_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handover.id"], name=op.f("fk_handed_row_handover_id")
        ),
        sa.PrimaryKeyConstraint("collection", "digest", name=op.f("pk_handed_row")),
    )
    with op.batch_alter_table("handed_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handed_row_handover_id"), ["handover_id"])

    op.create_table(
        "tip",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("page_url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip")),
        sa.UniqueConstraint("receipt", name=op.f("uq_tip_receipt")),
    )
    with op.batch_alter_table("tip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tip_key_id"), ["key_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tip_state"), ["state"], unique=False)

    op.create_table(
        "tip_contact",
        sa.Column("tip_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_tip_contact_tip_id")),
        sa.PrimaryKeyConstraint("tip_id", name=op.f("pk_tip_contact")),
    )
    with op.batch_alter_table("tip_contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tip_contact_expires_at"), ["expires_at"])

import django.db.models.deletion
from django.db import migrations, models

import signups.messages.kinds


class Migration(migrations.Migration):
    dependencies = [
        ("signups", "0027_failed_copies"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="message", name="signups_message_due"),
        migrations.RemoveIndex(model_name="message", name="signups_message_dead"),
        migrations.RemoveConstraint(model_name="message", name="signups_sent_message_has_its_time"),
        migrations.RemoveConstraint(model_name="message", name="signups_lease_has_its_end"),
        migrations.RemoveConstraint(model_name="message", name="signups_message_sent_after_written"),
        migrations.RenameModel(old_name="Message", new_name="OutboxMessage"),
        migrations.RenameModel(old_name="MailTemplate", new_name="EmailTemplate"),
        migrations.AlterModelOptions(
            name="outboxmessage", options={"ordering": ["-created_at"], "verbose_name": "message"}
        ),
        migrations.RenameField(model_name="outboxmessage", old_name="losses", new_name="crash_count"),
        migrations.RenameField(model_name="outboxmessage", old_name="lease", new_name="lease_token"),
        migrations.RenameField(model_name="outboxmessage", old_name="leased_until", new_name="lease_expires_at"),
        migrations.RenameField(model_name="emailtemplate", old_name="offered", new_name="is_active"),
        migrations.AddField(
            model_name="outboxmessage",
            name="trial",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="signups.trial",
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(choices=signups.messages.kinds.kind_choices, max_length=40),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="dedupe_key",
            field=models.CharField(
                help_text="Of what it tells of: no second message tells the same.", max_length=100, unique=True
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "waiting"),
                    ("sent", "sent"),
                    ("failed", "given up"),
                    ("cancelled", "no longer wanted"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="emailtemplate",
            name="purpose",
            field=models.CharField(
                choices=[("transactional", "Their own request or trial"), ("marketing", "News")],
                default="transactional",
                help_text="News goes only to those who agreed to news by e-mail.",
                max_length=20,
                verbose_name="is about",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("status", "pending")), fields=["send_at"], name="signups_outboxmessage_due"
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("status", "failed")), fields=["status"], name="signups_outboxmessage_failed"
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", False), ("status", "sent")),
                    models.Q(models.Q(("status", "sent"), _negated=True), ("sent_at", None)),
                    _connector="OR",
                ),
                name="signups_outboxmessage_sent_has_sent_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_expires_at", None), ("lease_token", None)),
                    models.Q(("lease_expires_at__isnull", False), ("lease_token__isnull", False)),
                    _connector="OR",
                ),
                name="signups_outboxmessage_lease_has_expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(("send_at__gte", models.F("created_at"))),
                name="signups_outboxmessage_sent_after_created",
            ),
        ),
    ]

from django.db import migrations

KINDS = {
    "state_opened": "waitlist_opened",
    "host_call_off": "host_call_cancelled",
    "desk_care": "manual_transactional",
    "desk_news": "manual_marketing",
    "unreachable": "callback_unreachable",
    "erased": "erasure_receipt",
}
STATUSES = {"dead": "failed", "withdrawn": "cancelled"}
PURPOSES = {"care": "transactional", "news": "marketing"}


def rename_values(apps, schema_editor):
    messages = apps.get_model("signups", "OutboxMessage").objects
    templates = apps.get_model("signups", "EmailTemplate").objects
    for rows, column, names in (
        (messages, "kind", KINDS),
        (messages, "status", STATUSES),
        (templates, "purpose", PURPOSES),
    ):
        for old, new in names.items():
            rows.filter(**{column: old}).update(**{column: new})


class Migration(migrations.Migration):
    dependencies = [
        ("signups", "0028_outbox_message"),
    ]

    operations = [migrations.RunPython(rename_values, migrations.RunPython.noop)]

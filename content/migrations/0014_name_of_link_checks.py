from django.db import migrations

OLD, NEW = "look at its link", "link check"


def rename(old, new):
    """Django names a permission once, when it is made."""

    def run(apps, schema_editor):
        permissions = apps.get_model("auth", "Permission").objects.using(schema_editor.connection.alias)
        for permission in permissions.filter(content_type__app_label="content", codename__endswith="_sourcecheck"):
            permission.name = permission.name.replace(old, new)
            permission.save(update_fields=["name"])

    return run


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("content", "0013_agree_to_one_call"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="sourcecheck", options={"verbose_name": "link check", "verbose_name_plural": "link checks"}
        ),
        migrations.RunPython(rename(OLD, NEW), rename(NEW, OLD)),
    ]

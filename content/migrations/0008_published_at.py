from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("content", "0007_first_revisions")]
    operations = [
        migrations.RemoveField(
            model_name="article",
            name="published",
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("last_reviewed", None), ("reviewer", None)),
                    models.Q(("last_reviewed__isnull", False), ("reviewer__isnull", False)),
                    _connector="OR",
                ),
                name="content_review_names_its_reviewer",
            ),
        ),
    ]

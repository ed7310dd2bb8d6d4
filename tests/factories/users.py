"""Make accounts of staff."""

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence("staff{}".format)
    password = factory.django.Password("a long password for tests")
    is_staff = True

    @factory.post_generation
    def role(self, create, role, **kwargs):
        """`UserFactory(role=roles.HEAD)` joins that role's group."""
        if role:
            self.groups.add(Group.objects.get(name=role))
